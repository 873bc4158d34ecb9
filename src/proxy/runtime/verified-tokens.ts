import { LRUCache } from 'lru-cache'
import { flat } from '../http1/flat.ts'
import type { Claims } from './claims.ts'
import type { KeySet } from './key-set.ts'
import { twinOf } from './signature-twin.ts'

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
  readonly keys: KeySet
  readonly keysVersion: number
  /** When it was verified, and until when it counts as verified; on the clock that tokens are made by. */
  readonly fromWallMs: number
  readonly untilWallMs: number
}

const mostTokens = 10_000
const mostBytes = 32 * 1024 * 1024
/** 258 bits of the signature. */
const tailCharacters = 43

const tailOf = (token: string): string => token.slice(-tailCharacters)

/**
 * Tokens that one authorizer has verified, bounded by number and bytes. They are found by the end of their signature,
 * which is short to hash; what is found counts only for the very same token, byte by byte (J6, J17). Only verified
 * tokens are in it, so nobody can take another's place without a key of an issuer.
 */
export class VerifiedTokens {
  readonly #tokens = new LRUCache<string, Verified>({
    max: mostTokens,
    maxSize: mostBytes,
    sizeCalculation: ({ token }) => token.length * 3 + 512,
  })

  get size(): number {
    return this.#tokens.size
  }

  /** The hot path. A clock that was set back, and keys that changed, undo what was verified. */
  find(token: string, wallMs: number): Verified | undefined {
    const verified = this.#tokens.get(tailOf(token))
    if (verified === undefined || verified.token !== token) return undefined
    return wallMs < verified.untilWallMs &&
      wallMs >= verified.fromWallMs &&
      verified.keysVersion === verified.keys.version
      ? verified
      : undefined
  }

  /** @param alg by which it was signed: ECDSA has a second signature for everything, and only one of the two is kept */
  remember(verified: Verified, alg: string): void {
    if (verified.untilWallMs <= verified.fromWallMs) return
    const twin = twinOf(verified.token, alg)
    if (twin !== undefined) this.#tokens.delete(tailOf(twin))
    this.#tokens.set(flat(tailOf(verified.token)), verified)
  }
}
