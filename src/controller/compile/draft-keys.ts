import { isAddress } from '../../model/address.ts'
import type { IssuerSpec, JwksSpec } from '../api/specs.ts'
import { Checks } from './checks.ts'
import { draftCluster } from './draft-cluster.ts'
import { draftHealth } from './draft-health.ts'
import { checkRequestTarget } from './draft-names.ts'
import { hostRefusal, isLoopback } from './draft-url.ts'
import type { Drafting } from './drafting.ts'
import type { BackendDraft, KeysDraft } from './drafts.ts'
import { publicKeySet } from './jwks.ts'
import type { Sharing } from './sharing.ts'

const missing: KeysDraft = Object.freeze({ kind: 'missing' })

/** Where the keys of an issuer come from: what is named, else OpenID discovery at the issuer itself. */
export function draftKeys(
  { issuer, jwks, jwksUri }: IssuerSpec,
  namespace: string,
  where: string,
  drafting: Drafting,
): KeysDraft {
  if (jwks !== undefined) return draftSet(jwks, namespace, `${where}.jwks`, drafting)
  if (jwksUri !== undefined) {
    checkUrl(jwksUri, `${where}.jwksUri`, drafting)
    return { kind: 'uri', uri: jwksUri }
  }
  checkUrl(issuer, `${where}.issuer`, drafting)
  return { kind: 'discovery' }
}

/** Keys are fetched by https from named hosts only; a name's addresses are checked when it is resolved (C7). */
function checkUrl(text: string, where: string, { checks, options }: Drafting): void {
  const url = URL.canParse(text) && !/[\s\\]/.test(text) ? new URL(text) : undefined
  if (url === undefined)
    return checks.refuse(where, `"${text}" is not a URL; write https://host/path`)
  const hostname = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const local = options.allowLoopback && isLoopback(hostname)
  if (url.protocol !== 'https:' && !(local && url.protocol === 'http:'))
    return checks.refuse(where, `"${text}" must begin with https://`)
  if (url.username !== '' || url.password !== '')
    return checks.refuse(where, 'a URL of keys holds no user and no password')
  const refusal =
    isAddress(hostname) && !local ? 'an address is no name' : hostRefusal(hostname, options)
  if (refusal !== undefined)
    return checks.refuse(
      where,
      `host "${hostname}" is refused: ${refusal}; use jwks.service for an issuer in the cluster`,
    )
}

const defaultKey = 'jwks.json'
const defaultPath = '/.well-known/jwks.json'

function draftSet(spec: JwksSpec, home: string, where: string, drafting: Drafting): KeysDraft {
  const { service, configMapRef, secretRef, inline } = spec
  if (service !== undefined) {
    const path = service.path ?? defaultPath
    checkRequestTarget(path, `${where}.service.path`, drafting.checks)
    return {
      kind: 'service',
      path,
      backend: backendOf(service, home, `${where}.service`, drafting.sharing),
    }
  }
  if (configMapRef !== undefined)
    return {
      kind: 'ConfigMap',
      where: `${where}.configMapRef`,
      namespace: home,
      key: defaultKey,
      ...configMapRef,
    }
  if (secretRef !== undefined)
    return {
      kind: 'Secret',
      where: `${where}.secretRef`,
      namespace: home,
      key: defaultKey,
      ...secretRef,
    }
  const set = publicKeySet(inline ?? '')
  if ('jwks' in set) return { kind: 'inline', jwks: set.jwks }
  drafting.checks.refuse(`${where}.inline`, `the key set cannot be used: ${set.fault}`)
  return missing
}

/** A key set is a backend like any other, with the health and limits that a rule has by default. */
const backendOf = (
  service: NonNullable<JwksSpec['service']>,
  home: string,
  where: string,
  sharing: Sharing,
): BackendDraft => ({
  where,
  name: service.name,
  region: '',
  weight: 1,
  priority: 0,
  basePath: '',
  cluster: draftCluster(
    {
      target: {
        kind: 'service',
        namespace: service.namespace ?? home,
        service: service.name,
        port: service.port,
      },
      health: draftHealth({}, [], where, new Checks()),
      maxConnections: 1024,
      maxPending: 1024,
    },
    sharing,
  ),
})
