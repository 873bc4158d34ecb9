import type { Redirect, Respond } from '../../model/snapshot.ts'
import type { RedirectSpec, RespondSpec } from '../api/specs.ts'
import { draftForward, type ForwardSource } from './draft-forward.ts'
import { headerValue } from './draft-policies.ts'
import { draftPathRewrite } from './draft-rewrite.ts'
import type { Drafting } from './drafting.ts'
import type { RuleDraft } from './drafts.ts'

/** What a rule does with a request: exactly one of backends, redirect and respond. */
export function draftAction(
  source: ForwardSource,
  drafting: Drafting,
): RuleDraft['action'] | undefined {
  const { backends, redirect, respond } = source.spec
  const chosen = [backends, redirect, respond].filter((each) => each !== undefined)
  if (chosen.length !== 1)
    return drafting.checks.refuse(
      source.where,
      'exactly one of backends, redirect and respond is wanted',
    )
  if (redirect !== undefined) return draftRedirect(redirect, source, drafting)
  if (respond !== undefined) return draftRespond(respond)
  return draftForward(source, drafting)
}

function draftRedirect(
  spec: RedirectSpec,
  { matches, where }: ForwardSource,
  { checks }: Drafting,
): Redirect {
  const { status = 302, scheme, hostname, port } = spec
  const path = spec.path && draftPathRewrite(spec.path, matches, `${where}.redirect.path`, checks)
  return {
    kind: 'redirect',
    status,
    ...(scheme !== undefined && { scheme }),
    ...(hostname !== undefined && { hostname }),
    ...(port !== undefined && { port }),
    ...(path !== undefined && { path }),
  }
}

const draftRespond = ({ status, body, contentType, headers }: RespondSpec): Respond => ({
  kind: 'respond',
  status,
  body: body ?? '',
  contentType: contentType ?? 'text/plain; charset=utf-8',
  headers: (headers ?? []).map(headerValue),
})
