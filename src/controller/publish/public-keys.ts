import { algorithmsOf, type Jwk, publicPart } from '../../model/jwk.ts'

const mostKeys = 100

/**
 * The keys of a fetched set that can verify, without anything secret, weak or unknown (J18), as text. Undefined when there is
 * none: what was known before goes on.
 */
export function publicKeys(set: unknown): string | undefined {
  const listed = (set as { keys?: unknown } | null)?.keys
  const keys = (Array.isArray(listed) ? (listed as unknown[]) : []).slice(0, mostKeys)
  const usable = keys.filter(isJwk).filter((key) => algorithmsOf(key).length > 0)
  return usable.length === 0 ? undefined : JSON.stringify({ keys: usable.map(publicPart) })
}

const isJwk = (value: unknown): value is Jwk =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
