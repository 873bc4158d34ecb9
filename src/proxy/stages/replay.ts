/** Up to here the body of a request is kept, so that it can be sent a second time. */
const replayBytes = 64 * 1024

/** What has been sent of a request body, as long as all of it can be sent again. */
export class Replay {
  readonly chunks: Buffer[] = []
  #bytes = 0
  intact = true

  /** Copies a borrowed chunk. */
  keep(chunk: Buffer): void {
    if (!this.intact) return
    this.#bytes += chunk.length
    if (this.#bytes > replayBytes) return this.drop()
    this.chunks.push(Buffer.from(chunk))
  }

  drop(): void {
    this.intact = false
    this.chunks.length = 0
  }
}
