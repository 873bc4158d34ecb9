import type { Authorizer, CredentialSource, ForwardClaims } from '../../model/authorization.ts'
import type { AuthorizerSpec, CognitoSpec, IssuerSpec, TokenSpec } from '../api/specs.ts'
import type { Checks } from './checks.ts'
import { draftClaims, draftWanted } from './draft-authorize.ts'
import { draftCertificates } from './draft-certificates.ts'
import { checkTargets, isConnectionField } from './draft-headers.ts'
import { draftKeys } from './draft-keys.ts'
import { checkCookieName, checkUnique } from './draft-names.ts'
import type { Drafting } from './drafting.ts'
import type { IssuerDraft } from './drafts.ts'

export type TokensDraft = Omit<Authorizer, 'id' | 'namespace' | 'name' | 'version' | 'issuers'> & {
  readonly issuers: readonly IssuerDraft[]
}

/** Both `jwt` and `cognito` become a list of issuers. */
export function draftTokens(
  spec: AuthorizerSpec,
  namespace: string,
  drafting: Drafting,
): TokensDraft | undefined {
  const { checks } = drafting
  const { jwt, cognito, mtls } = spec
  if ([jwt, cognito, mtls].filter((kind) => kind !== undefined).length !== 1)
    return checks.refuse('spec', 'exactly one of jwt, cognito and mtls is wanted')
  if (mtls !== undefined) return draftCertificates(mtls, 'spec.mtls', checks)
  if (jwt !== undefined) {
    const at = (i: number): string => `spec.jwt.issuers[${i}]`
    checkUnique(
      jwt.issuers.map(({ issuer }) => issuer),
      (i) => `${at(i)}.issuer`,
      checks,
    )
    const issuers = jwt.issuers.map((issuer, i) => draftIssuer(issuer, namespace, at(i), drafting))
    return { kind: 'jwt', issuers, ...draftCommon(jwt, 'spec.jwt', checks) }
  }
  if (cognito === undefined) return undefined
  const issuers = draftPools(cognito, 'spec.cognito', checks)
  return { kind: 'jwt', issuers, ...draftCommon(cognito, 'spec.cognito', checks) }
}

const defaultClockSkewMs = 30_000
const longestClockSkewMs = 60_000
const defaultStaleKeysForMs = 86_400_000

function draftCommon(
  spec: TokenSpec,
  where: string,
  checks: Checks,
): Omit<TokensDraft, 'kind' | 'issuers'> {
  const { clockSkew = defaultClockSkewMs } = spec
  if (clockSkew > longestClockSkewMs) checks.refuse(`${where}.clockSkew`, 'at most 60s are allowed')
  const from = draftSources(spec.from ?? [], `${where}.from`, checks)
  const forward = draftForwardClaims(spec.forward ?? {}, `${where}.forward`, checks)
  const both = from.find(
    (source) => source.kind === 'header' && targetsOf(forward).includes(source.name),
  )
  if (both !== undefined) {
    checks.refuse(
      `${where}.forward`,
      `header "${both.name}" carries the credential; clients could not send it`,
    )
  }
  return {
    from,
    clockSkewMs: clockSkew,
    claims: draftClaims(spec.claims ?? []),
    ...(spec.groups !== undefined && { groups: draftWanted(spec.groups) }),
    forward,
    staleKeysForMs: spec.staleKeysFor ?? defaultStaleKeysForMs,
  }
}

const bearer: CredentialSource = { kind: 'header', name: 'authorization', scheme: 'Bearer' }

type SourceSpec = NonNullable<TokenSpec['from']>[number]

const draftSources = (
  specs: readonly SourceSpec[],
  where: string,
  checks: Checks,
): readonly CredentialSource[] =>
  specs.length === 0
    ? [bearer]
    : specs.map((spec, at) => draftSource(spec, `${where}[${at}]`, checks))

function draftSource(
  { header, scheme, cookie, query }: SourceSpec,
  where: string,
  checks: Checks,
): CredentialSource {
  if (query !== undefined) return { kind: 'query', name: query }
  if (cookie !== undefined) {
    checkCookieName(cookie, `${where}.cookie`, checks)
    return { kind: 'cookie', name: cookie }
  }
  const name = (header ?? 'authorization').toLowerCase()
  if (isConnectionField(name) || name === 'host')
    checks.refuse(
      `${where}.header`,
      `header "${name}" belongs to the connection; it holds no credential`,
    )
  return { kind: 'header', name, scheme: scheme ?? (name === 'authorization' ? 'Bearer' : '') }
}

function draftForwardClaims(
  spec: NonNullable<TokenSpec['forward']>,
  where: string,
  checks: Checks,
): ForwardClaims {
  const { headers = [], claimsHeader, token = 'Remove' } = spec
  const targets = [
    ...headers.map(({ header }) => header),
    ...(claimsHeader === undefined ? [] : [claimsHeader]),
  ]
  checkUnique(
    targets,
    (at) => (at < headers.length ? `${where}.headers[${at}].header` : `${where}.claimsHeader`),
    checks,
  )
  checkTargets(targets, where, checks)
  return {
    headers: headers.map(({ header, claim }) => ({ header: header.toLowerCase(), claim })),
    ...(claimsHeader !== undefined && { claimsHeader: claimsHeader.toLowerCase() }),
    token,
  }
}

const targetsOf = ({ headers, claimsHeader }: ForwardClaims): readonly (string | undefined)[] => [
  ...headers.map(({ header }) => header),
  claimsHeader,
]

/** Asymmetric ones only: HS* and none cannot be chosen (J1, J2). */
const defaultAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]

function draftIssuer(
  spec: IssuerSpec,
  namespace: string,
  where: string,
  drafting: Drafting,
): IssuerDraft {
  const { issuer, audiences = [], anyAudience, algorithms = defaultAlgorithms, type } = spec
  if (audiences.length === 0 && anyAudience !== true) {
    drafting.checks.refuse(
      where,
      'audiences are required; write anyAudience: true to accept tokens meant for anybody',
    )
  }
  return {
    issuer,
    audiences: anyAudience === true ? [] : audiences,
    algorithms,
    ...(type !== undefined && { type }),
    groupsClaim: 'groups',
    keys: draftKeys(spec, namespace, where, drafting),
  }
}

/** A pool's issuer and keys follow from its region and id. Access tokens carry `client_id`, ID tokens `aud`. */
function draftPools(
  { userPools, tokenUse = 'Access' }: CognitoSpec,
  where: string,
  checks: Checks,
): readonly IssuerDraft[] {
  const at = (i: number): string => `${where}.userPools[${i}].userPoolId`
  checkUnique(
    userPools.map(({ userPoolId }) => userPoolId),
    at,
    checks,
  )
  return userPools.map(({ region, userPoolId, clientIds }, i) => {
    if (!userPoolId.startsWith(`${region}_`))
      checks.refuse(at(i), `"${userPoolId}" is not a pool of region ${region}`)
    const issuer = `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`
    return {
      issuer,
      audiences: [],
      cognito: { clientIds, tokenUse },
      algorithms: ['RS256'],
      groupsClaim: 'cognito:groups',
      keys: { kind: 'uri', uri: `${issuer}/.well-known/jwks.json` },
    }
  })
}
