import type { UpstreamExchange, UpstreamOwner } from '../runtime/upstream.ts'

/** More than this is not worth a kept connection. */
const discardBytes = 64 * 1024

/** Takes the rest of an answer that nobody wants, so that its connection can be used again. */
class Discard implements UpstreamOwner {
  readonly #connection: UpstreamExchange
  #bytes = 0

  constructor(connection: UpstreamExchange) {
    this.#connection = connection
  }

  received(chunk: Buffer): boolean {
    this.#bytes += chunk.length
    if (this.#bytes > discardBytes) this.#connection.abort()
    return true
  }

  informed(): void {}
  switched(): undefined {}
  responded(): void {}
  paused(): void {}
  ended(): void {}
  halfClosed(): void {}
  failed(): void {}
  writable(): void {}
}

/** Called with an answer whose head is known and whose body is to be thrown away. */
export function discardAnswer(connection: UpstreamExchange): void {
  connection.handOver(new Discard(connection))
}
