import { compactVerify } from 'jose'
import type { BadSignatures } from './bad-signatures.ts'
import type { VerificationKey } from './verification-key.ts'

export interface SignatureChecksOptions {
  /** Checks at once. */
  readonly most: () => number
  readonly bad: BadSignatures
}

/**
 * Checks signatures off the event loop, so many at once over all authorizers (J23). Clients that keep sending bad ones
 * share an eighth of the places: they cannot take all of them, and who shares their address still gets through.
 */
export class SignatureChecks {
  readonly #options: SignatureChecksOptions
  #running = 0
  #doubted = 0

  constructor(options: SignatureChecksOptions) {
    this.#options = options
  }

  /** Whether the key signed the token; undefined when there is no place for the check. */
  async isSigned(
    token: string,
    alg: string,
    key: VerificationKey,
    client: string,
  ): Promise<boolean | undefined> {
    const { most, bad } = this.#options
    const isDoubted = bad.isOver(client)
    if (this.#running >= most()) return undefined
    if (isDoubted && this.#doubted >= Math.ceil(most() / 8)) return undefined
    this.#running++
    if (isDoubted) this.#doubted++
    try {
      const isGood = await isSignedBy(token, alg, key)
      if (!isGood) bad.count(client)
      return isGood
    } finally {
      this.#running--
      if (isDoubted) this.#doubted--
    }
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
