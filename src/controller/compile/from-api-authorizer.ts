import type { ApiAuthorizerObject } from '../api/objects.ts'
import { Checks } from './checks.ts'
import type { CompileOptions } from './compile.ts'
import { isClaimTarget } from './draft-headers.ts'
import { draftTokens } from './draft-tokens.ts'
import type { AuthorizerDraft } from './drafts.ts'
import { group, isBroken } from './from-api-route.ts'
import type { Sharing } from './sharing.ts'

/** The front of ApiAuthorizer, like that of ApiRoute: last good for what is broken, and injected headers of both. */
export function draftApiAuthorizer(
  object: ApiAuthorizerObject,
  lastGood: ApiAuthorizerObject | undefined,
  options: CompileOptions,
  sharing: Sharing,
): AuthorizerDraft {
  const draft = draftObject(object, options, sharing)
  if (lastGood === undefined || draft.authorizer !== undefined) return draft
  const earlier = draftObject(lastGood, options, sharing)
  const injects = [...new Set([...draft.injects, ...earlier.injects])]
  if (earlier.authorizer === undefined) return { ...draft, injects }
  return {
    ...earlier,
    subject: { ...draft.subject, lastGood: lastGood.meta.generation },
    injects,
    problems: draft.problems,
  }
}

function draftObject(
  { kind, meta, spec, problems, injects }: ApiAuthorizerObject,
  options: CompileOptions,
  sharing: Sharing,
): AuthorizerDraft {
  const { namespace, name, generation } = meta
  const checks = new Checks()
  const authorizer = spec && draftTokens(spec, namespace, { options, checks, sharing })
  const all = [...problems, ...checks.problems]
  return {
    id: `${namespace}/${name}`,
    subject: { kind, meta },
    origin: { kind, namespace, name, generation },
    referrer: { group, kind, namespace },
    ...(authorizer !== undefined &&
      !isBroken(all) && {
        authorizer: { id: `${namespace}/${name}`, namespace, name, ...authorizer },
      }),
    injects: injects.filter(isClaimTarget),
    withoutScopes: spec?.cognito?.tokenUse === 'Id',
    problems: all,
  }
}
