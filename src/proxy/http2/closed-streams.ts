const remembered = 128

/** The streams that were closed last, and how: what a peer may still say about one depends on it (RFC 9113 §5.1). */
export class ClosedStreams {
  readonly #ids = new Int32Array(remembered)
  readonly #wasReset = new Uint8Array(remembered)
  #next = 0

  add(id: number, wasReset: boolean): void {
    this.#ids[this.#next] = id
    this.#wasReset[this.#next] = wasReset ? 1 : 0
    this.#next = (this.#next + 1) % remembered
  }

  /** `reset` by us: the peer may not have known. */
  how(id: number): 'ended' | 'reset' | 'unknown' {
    const at = this.#ids.indexOf(id)
    if (at < 0) return 'unknown'
    return this.#wasReset[at] === 1 ? 'reset' : 'ended'
  }
}
