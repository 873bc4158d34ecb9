import { sha256 } from '../../model/digest.ts'

/** Collects the confidential texts that one object needs, by their fingerprints. */
export class Vault {
  readonly #texts = new Map<string, string>()

  /** @returns the fingerprint that the text goes by in a snapshot */
  keep(text: string): string {
    const print = sha256(text)
    this.#texts.set(print, text)
    return print
  }

  get texts(): ReadonlyMap<string, string> {
    return this.#texts
  }
}
