import type {
  Authorize,
  AuthorizeMember,
  Authorizer,
  CertificateCondition,
  CredentialSource,
  Issuer,
  Wanted,
} from '../model/authorization.ts'
import { printDuration } from '../model/duration.ts'
import type { Rule } from '../model/snapshot.ts'
import type { Considered, Explanation } from '../proxy/runtime/explain.ts'
import type { ExplainedTls } from '../proxy/runtime/explain-tls.ts'
import { printTls, type TlsSurroundings } from './print-tls.ts'

/** What a backend would get of the requests of a rule. */
export interface ShownShare {
  readonly name: string
  readonly region: string
  readonly priority: number
  readonly weight: number
  readonly hasEndpoints: boolean
  /** From 0 to 1. */
  readonly share: number
}

export interface Surroundings extends TlsSurroundings {
  readonly tls: ExplainedTls | undefined
  readonly shares: readonly ShownShare[]
  readonly authorizers: readonly Authorizer[]
  /** Something in the folder is not as it should be. */
  readonly hasProblems: boolean
}

/** An explanation for people. */
export function printExplanation(result: Explanation, around: Surroundings): string {
  const { entry, considered } = result
  if (result.outcome === 'refused') return `${result.summary}\n`
  const lines = [
    result.summary,
    `path       ${result.path ?? 'none: it has no canonical form'}`,
    `host       ${result.host ?? 'none that fits'}`,
    ...printTls(around.tls, around),
    ...(entry === undefined ? [] : printAuthorize(entry.rule.authorize, around.authorizers)),
    ...(entry === undefined || result.outcome !== 'rule' ? [] : printAction(entry.rule, around)),
    ...(entry === undefined || result.outcome !== 'rule' ? [] : printUpgrade(entry.rule)),
    ...(around.hasProblems
      ? ['note       the folder has problems: fairlead check says which']
      : []),
    ...(considered.length === 0 ? [] : ['', 'rules of the host, the most specific first:']),
    ...considered.map(printConsidered),
  ]
  return `${lines.join('\n')}\n`
}

const printConsidered = ({ rule, match, verdict, because }: Considered): string => {
  const methods = match.methods.length === 0 ? '' : ` ${match.methods.join('|')}`
  return `  ${verdict.padEnd(9)} ${rule}  ${match.path.kind} ${match.path.value}${methods}: ${because}`
}

function printAction({ action }: Rule, { shares }: Surroundings): string[] {
  switch (action.kind) {
    case 'forward':
      return shares.map((share) => `backend    ${printShare(share)}`)
    case 'redirect':
      return [`redirect   ${action.status}`]
    case 'respond':
      return [`answer     ${action.status}, by the gateway itself`]
    case 'invalid':
      return ['answer     503 rule_invalid: the rule is broken and holds its place']
  }
}

/** Which connections may become WebSockets, and for how long. */
function printUpgrade({ upgrade, authorize }: Rule): string[] {
  if (upgrade === undefined) return []
  const { maxLifetimeMs, expiresWithToken } = upgrade
  const most = maxLifetimeMs === 0 ? [] : [`for at most ${printDuration(maxLifetimeMs)}`]
  const until = expiresWithToken && authorize.kind !== 'public' ? ['until the token expires'] : []
  return [`upgrade    ${['WebSockets', ...most, ...until].join(', ')}`]
}

function printShare({ name, region, priority, weight, hasEndpoints, share }: ShownShare): string {
  const where = region === '' ? name : `${name} in ${region}`
  const how = hasEndpoints ? `${Math.round(share * 1000) / 10} % with all healthy` : 'no endpoints'
  return `${where}: priority ${priority}, weight ${weight}, ${how}`
}

/** What would let a request pass. */
function printAuthorize(authorize: Authorize, authorizers: readonly Authorizer[]): string[] {
  if (authorize.kind === 'deny') return ['authorize  nobody: the authorization is broken']
  const from = printAddresses(authorize.addresses)
  if (authorize.kind === 'public') return [`authorize  public${from}`]
  const members = authorize.members.map((member) => {
    const found = authorizers.find(({ id }) => id === member.authorizer)
    const needs = found === undefined ? 'does not exist: 503' : printMember(member, found)
    return `           ${member.authorizer}: ${needs}`
  })
  return [`authorize  ${authorize.kind === 'anyOf' ? 'one' : 'all'} of these${from}`, ...members]
}

function printAddresses(
  addresses: { allow: readonly string[]; deny: readonly string[] } | undefined,
): string {
  const allow = addresses?.allow.length ? `, only from ${addresses.allow.join(', ')}` : ''
  const deny = addresses?.deny.length ? `, not from ${addresses.deny.join(', ')}` : ''
  return allow + deny
}

function printMember({ scopes, groups, claims }: AuthorizeMember, authorizer: Authorizer): string {
  const conditions = [
    ...printWanted('scope', scopes),
    ...printWanted('group', groups),
    ...printWanted('group', authorizer.groups),
    ...[...claims, ...authorizer.claims].map(
      ({ name, anyOf }) => `claim ${name} ${anyOf.join(' or ')}`,
    ),
  ]
  if (authorizer.certificate !== undefined) return printCertificate(authorizer.certificate)
  const issuers = authorizer.issuers.map(printIssuer).join(', or ')
  const needs = conditions.length === 0 ? '' : `, with ${conditions.join(', ')}`
  return `a token of ${issuers}, in ${authorizer.from.map(printSource).join(' or ')}${needs}`
}

const printCertificate = ({ subjectAltNames, fingerprints }: CertificateCondition): string =>
  `a client certificate of ${[...subjectAltNames, ...fingerprints].join(' or ')}`

function printIssuer({ issuer, audiences, cognito }: Issuer): string {
  if (cognito !== undefined) {
    const use = cognito.tokenUse === 'Any' ? '' : ` (${cognito.tokenUse.toLowerCase()} token)`
    return `${issuer} for client ${cognito.clientIds.join(' or ')}${use}`
  }
  return audiences.length === 0 ? issuer : `${issuer} for ${audiences.join(' or ')}`
}

function printSource(source: CredentialSource): string {
  if (source.kind === 'header') return `header ${source.name} (${source.scheme || 'bare'})`
  return source.kind === 'cookie' ? `cookie ${source.name}` : `parameter ${source.name}`
}

const printWanted = (what: string, wanted: Wanted | undefined): string[] => [
  ...(wanted?.anyOf === undefined ? [] : [`${what} ${wanted.anyOf.join(' or ')}`]),
  ...(wanted?.allOf === undefined ? [] : [`${what} ${wanted.allOf.join(' and ')}`]),
]
