import { canonicalCidr } from '../../model/address.ts'
import type { ClaimCondition, SourceAddresses, Wanted } from '../../model/authorization.ts'
import type { AuthorizeSpec, ClaimSpec, MemberSpec, WantedSpec } from '../api/specs.ts'
import type { Drafting } from './drafting.ts'
import type { AuthorizeDraft, MemberDraft } from './drafts.ts'

/** Without a usable authorization nobody may call. */
const deny: AuthorizeDraft = Object.freeze({ kind: 'deny' })

/** @param where of the rule */
export function draftAuthorize(
  spec: AuthorizeSpec | undefined,
  namespace: string,
  where: string,
  drafting: Drafting,
): AuthorizeDraft {
  const { checks, options } = drafting
  if (spec === undefined) {
    checks.refuse(
      where,
      'authorize is required here or in spec.defaults; write public: true to admit everybody',
    )
    return deny
  }
  const at = `${where}.authorize`
  const addresses = draftAddresses(spec.sourceAddresses, `${at}.sourceAddresses`, drafting)
  const members = spec.anyOf ?? spec.allOf
  if (members === undefined) {
    if (spec.public !== true) checks.refuse(at, 'one of anyOf, allOf or public: true is wanted')
    else if (options.settings.guardrails.allowPublic) return { kind: 'public', ...addresses }
    else
      checks.refuse(`${at}.public`, 'public rules are not allowed by the platform', 'NotPermitted')
    return deny
  }
  if (members.length === 0) {
    checks.refuse(at, 'at least one authorizer is wanted; write public: true to admit everybody')
    return deny
  }
  const kind = spec.anyOf === undefined ? 'allOf' : 'anyOf'
  return {
    kind,
    members: members.map((member, i) =>
      draftMember(member, namespace, `${at}.${kind}[${i}]`, drafting),
    ),
    ...addresses,
  }
}

function draftMember(
  spec: MemberSpec,
  home: string,
  where: string,
  { checks, options, sharing }: Drafting,
): MemberDraft {
  const { name, namespace = home } = spec.authorizer
  const allowed = options.settings.guardrails.authorizers
  if (allowed.length > 0 && !allowed.some((pattern) => isNamed(pattern, namespace, name))) {
    checks.refuse(
      where,
      `ApiAuthorizer "${namespace}/${name}" is not allowed by the platform; it allows ${allowed.join(', ')}`,
      'NotPermitted',
    )
  }
  return sharing.share({
    where,
    namespace,
    name,
    ...(spec.scopes !== undefined && { scopes: draftWanted(spec.scopes) }),
    ...(spec.groups !== undefined && { groups: draftWanted(spec.groups) }),
    claims: draftClaims(spec.claims ?? []),
  })
}

/** `namespace/name`, either of which may be `*`. */
function isNamed(pattern: string, namespace: string, name: string): boolean {
  const [wantedNamespace, wantedName] = pattern.split('/')
  return (
    (wantedNamespace === '*' || wantedNamespace === namespace) &&
    (wantedName === '*' || wantedName === name)
  )
}

export const draftWanted = ({ anyOf, allOf }: WantedSpec): Wanted => ({
  ...(anyOf !== undefined && { anyOf }),
  ...(allOf !== undefined && { allOf }),
})

export const draftClaims = (specs: readonly ClaimSpec[]): readonly ClaimCondition[] =>
  specs.map(({ name, anyOf }) => ({ name, anyOf }))

function draftAddresses(
  spec: AuthorizeSpec['sourceAddresses'],
  where: string,
  { checks }: Drafting,
): { readonly addresses?: SourceAddresses } {
  if (spec === undefined) return {}
  const canonical = (list: readonly string[] = [], field: string): string[] =>
    list.flatMap((text, at) => {
      const cidr = canonicalCidr(text)
      return (
        cidr ??
        checks.refuse(
          `${where}.${field}[${at}]`,
          `"${text}" is neither an address nor a CIDR such as 10.0.0.0/8`,
        ) ??
        []
      )
    })
  return {
    addresses: { allow: canonical(spec.allow, 'allow'), deny: canonical(spec.deny, 'deny') },
  }
}
