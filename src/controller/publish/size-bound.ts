import { changes } from '../../model/changes.ts'
import type { Host, Snapshot } from '../../model/snapshot.ts'

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

  /** Of the last snapshot, what each takes by its hostname, and what they take together. */
  #hosts: readonly Host[] = []
  readonly #hostBytes = new Map<string, number>()
  #allHosts = 0

  /** Bytes. */
  of({ settings, hosts, clusters, authorizers, secrets }: Snapshot): number {
    this.#follow(hosts)
    let bytes = envelopeBytes + this.#part(settings) + this.#allHosts
    for (const part of clusters) bytes += this.#part(part)
    for (const part of authorizers) bytes += this.#part(part)
    for (const [print, text] of Object.entries(secrets))
      bytes += mostPerCharacter * (print.length + text.length + 1)
    return bytes
  }

  #follow(hosts: readonly Host[]): void {
    const { come, gone } = changes(this.#hosts, hosts, ({ hostname }) => hostname)
    this.#hosts = hosts
    for (const hostname of gone) this.#take(hostname, 0)
    for (const host of come)
      this.#take(host.hostname, this.#part(host) + host.entries.length * entryBytes)
  }

  #take(hostname: string, bytes: number): void {
    this.#allHosts += bytes - (this.#hostBytes.get(hostname) ?? 0)
    if (bytes === 0) this.#hostBytes.delete(hostname)
    else this.#hostBytes.set(hostname, bytes)
  }

  #part(part: object): number {
    const known = this.#known.get(part)
    if (known !== undefined) return known
    const bytes = Buffer.byteLength(JSON.stringify(part)) + 1
    this.#known.set(part, bytes)
    return bytes
  }
}
