import type { Clock } from '../../base/clock.ts'
import type { Counter } from '../../base/series.ts'
import type { Authorizer, Issuer } from '../../model/authorization.ts'
import { sourceId } from '../../model/key-source.ts'
import { flat } from '../http1/flat.ts'
import {
  claimFits,
  forwardedHeaders,
  listOf,
  principalOf,
  registeredFault,
  satisfies,
  scopesOf,
} from './claims.ts'
import { type CompactToken, parseCompact } from './compact-token.ts'
import type { KeySet } from './key-set.ts'
import type { KeySets } from './key-sets.ts'
import type { SignatureChecks } from './signature-checks.ts'
import { type Refusal, refusalOf } from './token-fault.ts'
import { type Verified, VerifiedTokens } from './verified-tokens.ts'

export type Verification = { readonly ok: Verified } | Refusal

export interface AuthorizerDeps {
  readonly clock: Clock
  readonly keySets: KeySets
  readonly checks: SignatureChecks
  /** Longest token, in bytes. */
  readonly longestToken: () => number
  /** Counters of one authorizer's cache, taken once. */
  readonly cache: (authorizer: string) => { readonly hits: Counter; readonly misses: Counter }
}

interface LiveIssuer {
  readonly issuer: Issuer
  readonly keys: KeySet
}

/** A verified token counts as verified for at most so long, then it is verified again (J17). */
const longestMs = 60_000

/** Verifies the tokens of one ApiAuthorizer and remembers those it has verified. */
export class LiveAuthorizer {
  readonly config: Authorizer
  readonly issuers: readonly LiveIssuer[]
  readonly #deps: AuthorizerDeps
  readonly #counts: { readonly hits: Counter; readonly misses: Counter }
  readonly #byName: ReadonlyMap<string, LiveIssuer>
  readonly #tokens = new VerifiedTokens()
  readonly #pending = new Map<string, Promise<Verification>>()

  constructor(config: Authorizer, deps: AuthorizerDeps) {
    this.config = config
    this.#deps = deps
    this.#counts = deps.cache(config.id)
    this.issuers = config.issuers.flatMap((issuer) => {
      const keys = deps.keySets.get(sourceId(issuer))
      return keys === undefined ? [] : [{ issuer, keys }]
    })
    this.#byName = new Map(this.issuers.map((each) => [each.issuer.issuer, each]))
  }

  /** Tokens that are remembered. */
  get cached(): number {
    return this.#tokens.size
  }

  /** The hot path: what was verified before and still holds. */
  known(token: string): Verified | undefined {
    const verified = this.#tokens.find(token, this.#deps.clock.wallMs())
    if (verified !== undefined) this.#counts.hits.inc()
    return verified
  }

  /**
   * Verifies a token; the same token at the same time is one verification.
   *
   * @param client whose it is, by address
   */
  verify(token: string, client: string): Promise<Verification> {
    this.#counts.misses.inc()
    let pending = this.#pending.get(token)
    if (pending === undefined) {
      pending = this.#verify(token, client).finally(() => this.#pending.delete(token))
      this.#pending.set(token, pending)
    }
    return pending
  }

  async #verify(token: string, client: string): Promise<Verification> {
    const parsed = token.length > this.#deps.longestToken() ? 'too_long' : parseCompact(token)
    if (typeof parsed === 'string') return refusalOf(parsed)
    const { iss } = parsed.payload
    const found = typeof iss === 'string' ? this.#byName.get(iss) : undefined
    if (found === undefined) return { fault: 'issuer_unknown' }
    const { issuer, keys } = found
    if (!issuer.algorithms.includes(parsed.alg)) return refusalOf('algorithm_not_allowed')
    if (issuer.type !== undefined && !isType(parsed.header['typ'], issuer.type))
      return { fault: 'token_use_mismatch' }
    const { kid, alg } = parsed
    const { staleKeysForMs } = this.config
    if (keys.find(kid, alg, staleKeysForMs) === undefined)
      await keys.search(kid, alg, staleKeysForMs)
    const key = keys.find(kid, alg, staleKeysForMs)
    // Read with the key: a token that a key of an older set verified must not count under a newer one.
    const { version } = keys
    if (key === undefined)
      return { fault: keys.isUsable(staleKeysForMs) ? 'key_unknown' : 'authorizer_unavailable' }
    const isSigned = await this.#deps.checks.isSigned(token, alg, key, client)
    if (isSigned === undefined) return { fault: 'overloaded' }
    if (!isSigned) return { fault: 'signature_invalid' }
    return this.#accept(token, parsed, found, version)
  }

  #accept(
    token: string,
    { payload: claims, alg }: CompactToken,
    { issuer, keys }: LiveIssuer,
    keysVersion: number,
  ): Verification {
    const nowMs = this.#deps.clock.wallMs()
    const { clockSkewMs, staleKeysForMs, forward } = this.config
    const fault = registeredFault(claims, issuer, nowMs / 1000, clockSkewMs / 1000)
    if (fault !== undefined) return refusalOf(fault)
    const groups = listOf(claims[issuer.groupsClaim])
    if (this.config.groups !== undefined && !satisfies(groups, this.config.groups))
      return { fault: 'group_missing' }
    if (!this.config.claims.every((condition) => claimFits(claims, condition)))
      return { fault: 'claim_mismatch' }
    const untilExpiryMs = (claims['exp'] as number) * 1000 - nowMs
    const verified: Verified = {
      token: flat(token),
      claims,
      principal: principalOf(claims),
      scopes: scopesOf(claims),
      groups,
      headers: forwardedHeaders(claims, forward),
      keys,
      keysVersion,
      fromWallMs: nowMs,
      untilWallMs: nowMs + Math.min(untilExpiryMs, longestMs, staleKeysForMs - keys.ageMs),
    }
    this.#tokens.remember(verified, alg)
    return { ok: verified }
  }
}

/** RFC 7515 §4.1.9: media types, where `application/` may be left out. */
const isType = (given: unknown, wanted: string): boolean =>
  typeof given === 'string' && bareType(given) === bareType(wanted)
const bareType = (type: string): string => type.toLowerCase().replace(/^application\//, '')

/** The authorizers of a snapshot; one whose object did not change goes on with what it has verified. */
export function createAuthorizers(
  authorizers: readonly Authorizer[],
  previous: ReadonlyMap<string, LiveAuthorizer>,
  deps: AuthorizerDeps,
): ReadonlyMap<string, LiveAuthorizer> {
  return new Map(
    authorizers.map((config) => {
      const before = previous.get(config.id)
      const isSame =
        before !== undefined &&
        (before.config === config || JSON.stringify(before.config) === JSON.stringify(config))
      return [config.id, isSame ? before : new LiveAuthorizer(config, deps)]
    }),
  )
}
