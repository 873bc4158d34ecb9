import { compactVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Counter } from '../../base/metrics.ts'
import type { FailureCode } from '../../model/failure.ts'
import type { Authorizer, Issuer, Snapshot } from '../../model/snapshot.ts'
import { flat } from '../http1/flat.ts'
import {
  type Claims,
  claimFits,
  forwardedHeaders,
  listOf,
  registeredFault,
  satisfies,
  scopesOf,
} from './claims.ts'
import { type CompactToken, parseCompact } from './compact-token.ts'
import { type FetchOptions, fetchJson } from './fetch-json.ts'
import { KeySet } from './key-set.ts'
import type { VerificationKey } from './verification-key.ts'

/** A token that was verified and may be used. */
export interface Verified {
  /** The whole of it, as it came. */
  readonly token: string
  readonly claims: Claims
  readonly principal: string
  readonly scopes: readonly string[]
  readonly groups: readonly string[]
  /** For the backend; undefined when a claim cannot be a header. */
  readonly headers: readonly (readonly [string, string])[] | undefined
  readonly expiresWallMs: number
  readonly keysVersion: number
  readonly keys: KeySet
}

export type Verification = { readonly ok: Verified } | { readonly fault: FailureCode }

export interface AuthorizerDeps {
  readonly clock: Clock
  readonly dice: Dice
  readonly allowLoopback: boolean
  /** An endpoint of a cluster that serves a key set. */
  readonly endpointOf: (
    cluster: string,
  ) => { readonly address: string; readonly port: number } | undefined
  readonly limits: () => { readonly token: number; readonly verifications: number }
  readonly observer: AuthorizerObserver
}

export interface AuthorizerObserver {
  /** Counters of one authorizer's cache, taken once. */
  cache(authorizer: string): { readonly hits: Counter; readonly misses: Counter }
  refreshed(authorizer: string, issuer: string, error: Error | undefined): void
}

interface LiveIssuer {
  readonly issuer: Issuer
  readonly keys: KeySet
}

const mostTokens = 10_000
const mostBytes = 32 * 1024 * 1024
const longestMs = 60_000
const tailCharacters = 43

const tailOf = (token: string): string => token.slice(-tailCharacters)
const longestPrincipal = 256

/** Signature checks under way, over all authorizers of the process. */
let verifying = 0

/** Verifies the tokens of one ApiAuthorizer and remembers those it has verified. */
export class LiveAuthorizer {
  readonly config: Authorizer
  readonly #deps: AuthorizerDeps
  readonly #counts: { readonly hits: Counter; readonly misses: Counter }
  readonly #issuers = new Map<string, LiveIssuer>()
  /**
   * By the end of the signature, which is short to hash; what is found counts only for the very same token (J6, J17).
   * Only verified tokens are in it, so nobody can take another's place.
   */
  readonly #verified: LRUCache<string, Verified>
  readonly #pending = new Map<string, Promise<Verification>>()

  constructor(config: Authorizer, deps: AuthorizerDeps) {
    this.config = config
    this.#deps = deps
    this.#counts = deps.observer.cache(config.id)
    for (const issuer of config.issuers)
      this.#issuers.set(issuer.issuer, { issuer, keys: this.#keys(issuer) })
    this.#verified = new LRUCache({
      max: mostTokens,
      maxSize: mostBytes,
      sizeCalculation: ({ token }) => token.length * 3 + 512,
    })
  }

  get keySets(): readonly {
    readonly issuer: string
    readonly ageMs: number
    readonly usable: boolean
  }[] {
    return [...this.#issuers].map(([issuer, { keys }]) => ({
      issuer,
      ageMs: keys.ageMs,
      usable: keys.usable,
    }))
  }

  get cached(): number {
    return this.#verified.size
  }

  close(): void {
    for (const { keys } of this.#issuers.values()) keys.close()
  }

  #keys(issuer: Issuer): KeySet {
    const { clock, dice, observer } = this.#deps
    const { keys } = issuer
    return new KeySet({
      clock,
      dice,
      given: keys.kind === 'inline' ? keys.jwks : undefined,
      fetch: keys.kind === 'inline' ? undefined : () => this.#fetch(issuer),
      staleForMs: this.config.staleKeysForMs,
      refreshed: (error) => observer.refreshed(this.config.id, issuer.issuer, error),
    })
  }

  async #fetch({ issuer, keys }: Issuer) {
    const options: FetchOptions = { allowLoopback: this.#deps.allowLoopback }
    if (keys.kind === 'uri') return fetchJson(new URL(keys.uri), options)
    if (keys.kind === 'service') {
      const connectTo = this.#deps.endpointOf(keys.cluster)
      if (connectTo === undefined) throw new Error('no_endpoint')
      return fetchJson(
        new URL(
          keys.path,
          `http://${connectTo.address.includes(':') ? `[${connectTo.address}]` : connectTo.address}:${connectTo.port}`,
        ),
        { ...options, connectTo },
      )
    }
    const { value } = await fetchJson(
      new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`),
      options,
    )
    const document = value as { issuer?: unknown; jwks_uri?: unknown } | null
    if (document?.issuer !== issuer || typeof document.jwks_uri !== 'string')
      throw new Error('discovery')
    return fetchJson(new URL(document.jwks_uri), options)
  }

  /** The hot path: what was verified before and still holds. */
  known(token: string): Verified | undefined {
    const verified = this.#verified.get(tailOf(token))
    if (verified === undefined || verified.token !== token) return undefined
    if (
      verified.keysVersion === verified.keys.version &&
      verified.keys.usable &&
      this.#deps.clock.wallMs() < verified.expiresWallMs
    ) {
      this.#counts.hits.inc()
      return verified
    }
    this.#verified.delete(tailOf(token))
    return undefined
  }

  /** Verifies a token; the same token at the same time is one verification. */
  verify(token: string): Promise<Verification> {
    this.#counts.misses.inc()
    let pending = this.#pending.get(token)
    if (pending === undefined) {
      pending = this.#verify(flat(token)).finally(() => this.#pending.delete(token))
      this.#pending.set(token, pending)
    }
    return pending
  }

  async #verify(token: string): Promise<Verification> {
    const parsed = token.length > this.#deps.limits().token ? undefined : parseCompact(token)
    if (parsed === undefined) return { fault: 'token_malformed' }
    const found =
      typeof parsed.payload['iss'] === 'string'
        ? this.#issuers.get(parsed.payload['iss'])
        : undefined
    if (found === undefined) return { fault: 'issuer_unknown' }
    const { issuer, keys } = found
    if (!issuer.algorithms.includes(parsed.alg)) return { fault: 'signature_invalid' }
    if (issuer.type !== undefined && !isType(parsed.header['typ'], issuer.type))
      return { fault: 'token_use_mismatch' }
    let candidates = keys.find(parsed.kid, parsed.alg)
    if (candidates.length === 0) candidates = await keys.search(parsed.kid, parsed.alg)
    if (candidates.length === 0)
      return { fault: keys.usable ? 'key_unknown' : 'authorizer_unavailable' }
    const { version } = keys
    const signature = await this.#checkSignature(token, parsed, candidates)
    if (signature !== undefined) return { fault: signature }
    return this.#accept(token, parsed.payload, found, version)
  }

  async #checkSignature(
    token: string,
    { alg }: CompactToken,
    candidates: readonly VerificationKey[],
  ): Promise<FailureCode | undefined> {
    if (verifying >= this.#deps.limits().verifications) return 'overloaded'
    verifying++
    try {
      for (const key of candidates.slice(0, 4)) {
        if (await isSignedBy(token, alg, key)) return undefined
      }
      return 'signature_invalid'
    } finally {
      verifying--
    }
  }

  #accept(
    token: string,
    claims: Claims,
    { issuer, keys }: LiveIssuer,
    keysVersion: number,
  ): Verification {
    const nowMs = this.#deps.clock.wallMs()
    const skewMs = this.config.clockSkewMs
    const fault = registeredFault(claims, issuer, nowMs / 1000, skewMs / 1000)
    if (fault !== undefined) return { fault }
    const expiresWallMs = (claims['exp'] as number) * 1000 + skewMs
    const groups = listOf(claims[issuer.groupsClaim])
    if (this.config.groups !== undefined && !satisfies(groups, this.config.groups))
      return { fault: 'group_missing' }
    if (!this.config.claims.every((condition) => claimFits(claims, condition)))
      return { fault: 'claim_mismatch' }
    const principal =
      typeof claims['sub'] === 'string' ? flat(claims['sub'].slice(0, longestPrincipal)) : ''
    const verified: Verified = {
      token,
      claims,
      principal,
      scopes: scopesOf(claims),
      groups,
      headers: forwardedHeaders(claims, this.config.forward),
      expiresWallMs,
      keysVersion,
      keys,
    }
    const ttl = Math.min(expiresWallMs - nowMs, longestMs)
    if (ttl >= 1) this.#verified.set(flat(tailOf(token)), verified, { ttl: Math.floor(ttl) })
    return { ok: verified }
  }
}

async function isSignedBy(token: string, alg: string, key: VerificationKey): Promise<boolean> {
  try {
    await compactVerify(token, await key.forAlgorithm(alg), { algorithms: [alg] })
    return true
  } catch {
    return false
  }
}

/** RFC 7515 §4.1.9: media types, where `application/` may be left out. */
const isType = (given: unknown, wanted: string): boolean =>
  typeof given === 'string' && bareType(given) === bareType(wanted)
const bareType = (type: string): string => type.toLowerCase().replace(/^application\//, '')

/** The authorizers of a snapshot; one whose object did not change goes on with its keys and what it has verified. */
export function createAuthorizers(
  snapshot: Snapshot,
  previous: ReadonlyMap<string, LiveAuthorizer>,
  deps: AuthorizerDeps,
): ReadonlyMap<string, LiveAuthorizer> {
  return new Map(
    snapshot.authorizers.map((config) => {
      const before = previous.get(config.id)
      const isSame =
        before !== undefined &&
        (before.config === config || JSON.stringify(before.config) === JSON.stringify(config))
      return [config.id, isSame ? before : new LiveAuthorizer(config, deps)]
    }),
  )
}
