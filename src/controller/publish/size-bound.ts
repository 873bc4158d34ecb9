import type { Snapshot } from '../../model/snapshot.ts'

/** More than the digits that stand for a rule in an entry, and the comma after it. */
const entryBytes = 16
const envelopeBytes = 1024
/** A character of a text is never more than this in JSON: `\u0000`, or three bytes. */
const mostPerCharacter = 6

/**
 * How large a snapshot can be at most on its way: cheap, since its parts are measured once and most of them stay from one
 * snapshot to the next. Rules that hosts share count for each of them, so the truth may be far below.
 */
export class SizeBound {
  readonly #known = new WeakMap<object, number>()

  /** Bytes. */
  of({ settings, hosts, clusters, authorizers, secrets }: Snapshot): number {
    let bytes = envelopeBytes + this.#part(settings)
    for (const host of hosts) bytes += this.#part(host) + host.entries.length * entryBytes
    for (const part of clusters) bytes += this.#part(part)
    for (const part of authorizers) bytes += this.#part(part)
    for (const [print, text] of Object.entries(secrets))
      bytes += mostPerCharacter * (print.length + text.length + 1)
    return bytes
  }

  #part(part: object): number {
    const known = this.#known.get(part)
    if (known !== undefined) return known
    const bytes = Buffer.byteLength(JSON.stringify(part)) + 1
    this.#known.set(part, bytes)
    return bytes
  }
}
