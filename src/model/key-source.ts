import type { Issuer } from './authorization.ts'

/** A document and how long it may be kept, in milliseconds; undefined when the answer did not say. */
export interface FetchedKeys {
  readonly value: unknown
  readonly maxAgeMs: number | undefined
}

export interface Endpoint {
  readonly address: string
  readonly port: number
}

export interface KeySourceOptions {
  /** Rejects with a short reason. */
  readonly fetch: (url: URL, connectTo?: Endpoint) => Promise<FetchedKeys>
  /** An endpoint of a cluster that serves a key set. */
  readonly endpointOf: (cluster: string) => Endpoint | undefined
}

/** The same for all issuers whose keys come from the same place: they share one key set. */
export function sourceId({ issuer, keys }: Issuer): string {
  switch (keys.kind) {
    case 'missing':
      return 'missing'
    case 'discovery':
      return `discovery ${issuer}`
    case 'uri':
      return `uri ${keys.uri}`
    case 'service':
      return `service ${keys.cluster} ${keys.path}`
    case 'inline':
      return `inline ${keys.jwks}`
  }
}

/** Whether its keys are fetched by whoever serves, and can be out of reach. */
export const isFetched = ({ keys }: Issuer): boolean =>
  keys.kind !== 'missing' && keys.kind !== 'inline'

/** How to fetch the keys of an issuer; undefined where there is nothing to fetch. */
export function fetchOf(
  { issuer, keys }: Issuer,
  options: KeySourceOptions,
): (() => Promise<FetchedKeys>) | undefined {
  switch (keys.kind) {
    case 'missing':
    case 'inline':
      return undefined
    case 'discovery':
      return () => discover(issuer, options)
    case 'uri':
      return () => options.fetch(new URL(keys.uri))
    case 'service':
      return () => fromService(keys.cluster, keys.path, options)
  }
}

const shortestMs = 60_000
const longestMs = 24 * 3_600_000
const usualMs = 10 * 60_000
/** After a failure, and for a key that nobody knows: one issuer is asked at most this often (J21, J22). */
export const againMs = 10_000

/** Keys are fetched again in good time: before they are old, and twice before anybody takes them for stale. */
export function freshForMs(maxAgeMs: number | undefined, staleForMs: number): number {
  const saidMs = (maxAgeMs ?? usualMs) * 0.8
  const wantedMs = Math.min(Math.max(saidMs, shortestMs), longestMs, staleForMs / 2)
  return Math.max(wantedMs, againMs)
}

/** OpenID Connect Discovery 1.0 §4. The document must be about this very issuer (§4.3). */
async function discover(issuer: string, { fetch }: KeySourceOptions): Promise<FetchedKeys> {
  const url = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const { value } = await fetch(url)
  const document = value as { issuer?: unknown; jwks_uri?: unknown } | null
  if (document?.issuer !== issuer) throw new Error('discovery_of_another_issuer')
  const { jwks_uri: uri } = document
  if (typeof uri !== 'string' || !URL.canParse(uri)) throw new Error('discovery_without_jwks_uri')
  return fetch(new URL(uri))
}

async function fromService(
  cluster: string,
  path: string,
  { endpointOf, fetch }: KeySourceOptions,
): Promise<FetchedKeys> {
  const connectTo = endpointOf(cluster)
  if (connectTo === undefined) throw new Error('no_endpoint')
  const { address, port } = connectTo
  const host = address.includes(':') ? `[${address}]` : address
  return fetch(new URL(path, `http://${host}:${port}`), { address, port })
}
