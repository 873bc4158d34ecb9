import type { Authorize, AuthorizeMember } from '../../model/authorization.ts'
import type { Problem } from '../../model/problem.ts'
import { didYouMean } from '../api/suggest.ts'
import type { AuthorizeDraft, MemberDraft } from './drafts.ts'
import { grantProblem, printTarget, type Referrer } from './grants.ts'
import type { Lookup } from './lookup.ts'

const group = 'fairlead.dev'

/**
 * Follows a rule's authorizers. One that is missing, broken or not granted stays as a member whose id no
 * snapshot holds, so that the proxy answers 503 for it (hostile-inputs J24): nothing opens.
 */
export function resolveAuthorize(
  lookup: Lookup,
  from: Referrer,
  draft: AuthorizeDraft,
): { readonly authorize: Authorize; readonly problems: Problem[] } {
  if (draft.kind === 'public' || draft.kind === 'deny') return { authorize: draft, problems: [] }
  const problems: Problem[] = []
  const members = draft.members.map((member) => {
    const problem = memberProblem(lookup, from, member)
    if (problem !== undefined) problems.push(problem)
    return memberOf(member, problem)
  })
  return { authorize: Object.freeze({ ...draft, members: Object.freeze(members) }), problems }
}

/**
 * The authorizers that keep everybody out of a rule whose route has TLS of its own and asks for no certificate of clients. Another
 * route cannot ask for one on the same host: theirs would be another TLS, and one of both is held.
 */
export function unaskedCertificates(lookup: Lookup, draft: AuthorizeDraft): readonly Problem[] {
  if (draft.kind === 'public' || draft.kind === 'deny') return []
  const unasked = draft.members.filter(
    ({ namespace, name }) => lookup.find('authorizers', namespace, name) === 'certificates',
  )
  if (draft.kind === 'anyOf' && unasked.length < draft.members.length) return []
  return unasked.map(({ where, namespace, name }) => ({
    reason: 'Invalid',
    path: where,
    message: `${printTarget({ kind: 'ApiAuthorizer', namespace, name })} wants a client certificate, and spec.tls asks for none, so nobody can ever get in; write spec.tls.clientCertificate: { mode: Require, caRefs: [{ name: ... }] }`,
  }))
}

/** An id with `!` names no object: it keeps a refused reference from finding an authorizer that others may use. */
function memberOf(draft: MemberDraft, problem: Problem | undefined): AuthorizeMember {
  const { where: _where, namespace, name, ...wanted } = draft
  const refused = problem?.reason === 'RefNotPermitted'
  return Object.freeze({ authorizer: `${refused ? '!' : ''}${namespace}/${name}`, ...wanted })
}

function memberProblem(lookup: Lookup, from: Referrer, member: MemberDraft): Problem | undefined {
  const { where, namespace, name } = member
  const ref = { group, kind: 'ApiAuthorizer', namespace, name }
  const refused = grantProblem(lookup, from, ref, where)
  if (refused !== undefined) return refused
  const state = lookup.find('authorizers', namespace, name)
  if (state === undefined) {
    const near = didYouMean(name, lookup.names('authorizers', namespace))
    return notFound(where, `${printTarget(ref)} does not exist${near}`)
  }
  if (state === 'broken')
    return notFound(where, `${printTarget(ref)} cannot be used; its status says why`)
  if (state === 'withoutScopes' && member.scopes !== undefined) {
    const message = `${printTarget(ref)} takes ID tokens only, which carry no scopes; use groups or claims, or tokenUse: Access`
    return { reason: 'Invalid', path: where, message }
  }
  if (state === 'certificates' && asksForClaims(member)) {
    const message = `${printTarget(ref)} takes client certificates, which carry no scopes, groups or claims; name the certificates in the authorizer`
    return { reason: 'Invalid', path: where, message }
  }
  return undefined
}

const asksForClaims = ({ scopes, groups, claims }: MemberDraft): boolean =>
  scopes !== undefined || groups !== undefined || claims.length > 0

const notFound = (path: string, message: string): Problem => ({
  reason: 'AuthorizerNotFound',
  path,
  message,
})
