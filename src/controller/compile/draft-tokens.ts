import type { Authorizer, CredentialSource, ForwardClaims } from '../../model/snapshot.ts'
import type { AuthorizerSpec, CognitoSpec, IssuerSpec, TokenSpec } from '../api/specs.ts'
import { draftClaims, draftWanted } from './draft-authorize.ts'
import { draftKeys } from './draft-keys.ts'
import type { Drafting } from './drafting.ts'
import type { IssuerDraft } from './drafts.ts'

export type TokensDraft = Omit<Authorizer, 'id' | 'namespace' | 'name' | 'version' | 'issuers'> & {
  readonly issuers: readonly IssuerDraft[]
}

/** The one kind of authorizer there is so far: both `jwt` and `cognito` become a list of issuers. */
export function draftTokens(
  spec: AuthorizerSpec,
  namespace: string,
  drafting: Drafting,
): TokensDraft | undefined {
  const { jwt, cognito } = spec
  if (jwt !== undefined && cognito === undefined) {
    const issuers = jwt.issuers.map((issuer, at) =>
      draftIssuer(issuer, namespace, `spec.jwt.issuers[${at}]`, drafting),
    )
    return { kind: 'jwt', issuers, ...draftCommon(jwt) }
  }
  if (cognito !== undefined && jwt === undefined)
    return { kind: 'jwt', issuers: draftPools(cognito), ...draftCommon(cognito) }
  return drafting.checks.refuse('spec', 'exactly one of jwt and cognito is wanted')
}

const defaultClockSkewMs = 30_000
const defaultStaleKeysForMs = 86_400_000

const draftCommon = (spec: TokenSpec): Omit<TokensDraft, 'kind' | 'issuers'> => ({
  from: draftSources(spec.from ?? []),
  clockSkewMs: spec.clockSkew ?? defaultClockSkewMs,
  claims: draftClaims(spec.claims ?? []),
  ...(spec.groups !== undefined && { groups: draftWanted(spec.groups) }),
  forward: draftForwardClaims(spec.forward ?? {}),
  staleKeysForMs: spec.staleKeysFor ?? defaultStaleKeysForMs,
})

const bearer: CredentialSource = { kind: 'header', name: 'authorization', scheme: 'Bearer' }

const draftSources = (specs: NonNullable<TokenSpec['from']>): readonly CredentialSource[] =>
  specs.length === 0 ? [bearer] : specs.map(draftSource)

function draftSource({
  header,
  scheme,
  cookie,
  query,
}: NonNullable<TokenSpec['from']>[number]): CredentialSource {
  if (cookie !== undefined) return { kind: 'cookie', name: cookie }
  if (query !== undefined) return { kind: 'query', name: query }
  const name = (header ?? 'authorization').toLowerCase()
  return { kind: 'header', name, scheme: scheme ?? (name === 'authorization' ? 'Bearer' : '') }
}

const draftForwardClaims = ({
  headers = [],
  claimsHeader,
  token = 'Remove',
}: NonNullable<TokenSpec['forward']>): ForwardClaims => ({
  headers: headers.map(({ header, claim }) => ({ header: header.toLowerCase(), claim })),
  ...(claimsHeader !== undefined && { claimsHeader: claimsHeader.toLowerCase() }),
  token,
})

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
const draftPools = ({ userPools, tokenUse = 'Access' }: CognitoSpec): readonly IssuerDraft[] =>
  userPools.map(({ region, userPoolId, clientIds }) => {
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
