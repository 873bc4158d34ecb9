import type { FailureCode, FailureDetail } from '../../model/failure.ts'
import type { BodySink, BodySource } from '../http1/message.ts'
import type { UpstreamExchange } from '../runtime/upstream.ts'

/** Up to here the body of a request is kept, so that it can be sent a second time. */
const mostKept = 64 * 1024

/** The body of a request on its way to a backend, kept as long as all of it may have to be sent again. */
export class Upload implements BodySink {
  readonly #body: BodySource
  readonly #isIdempotent: boolean
  readonly #owner: Pick<BodySink, 'abort'>
  readonly #kept: Buffer[] = []
  #keptBytes = 0
  #isWhole = true
  #connection: UpstreamExchange | undefined
  #isTaken = false
  #hasEnded = false
  #isPaused = false

  /**
   * @param isIdempotent it may be sent again even when a backend has seen some of it
   * @param owner is told when the client's body is broken
   */
  constructor(body: BodySource, isIdempotent: boolean, owner: Pick<BodySink, 'abort'>) {
    this.#body = body
    this.#isIdempotent = isIdempotent
    this.#owner = owner
  }

  /** All that has come was kept: it can be sent again. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** From the beginning, behind the head. */
  sendTo(connection: UpstreamExchange): void {
    this.#connection = connection
    if (this.#isTaken) this.#sendAgain(connection)
    else {
      this.#isTaken = true
      this.#body.pipe(this)
    }
    connection.flush()
  }

  #sendAgain(connection: UpstreamExchange): void {
    let takesMore = true
    for (const chunk of this.#kept) takesMore = connection.write(chunk)
    if (this.#hasEnded) connection.end()
    else if (takesMore) this.resume()
  }

  /** The connection is of no use any more: what comes waits for another. */
  detach(): void {
    this.#connection = undefined
  }

  data(chunk: Buffer): boolean {
    this.#keep(chunk)
    if (this.#connection?.write(chunk) !== true) this.#isPaused = true
    return !this.#isPaused
  }

  /** Only as long as it may be needed: once a request that is not idempotent has left, and no backend can refuse it, never. */
  #keep(chunk: Buffer): void {
    if (!this.#isWhole) return
    this.#keptBytes += chunk.length
    if (this.#keptBytes > mostKept || (this.#hasLeft() && !this.#isIdempotent)) this.#drop()
    else this.#kept.push(Buffer.from(chunk))
  }

  #hasLeft(): boolean {
    return this.#connection?.connected === true && !this.#connection.refusable
  }

  #drop(): void {
    this.#isWhole = false
    this.#kept.length = 0
  }

  end(): void {
    this.#hasEnded = true
    this.#connection?.end()
  }

  abort(code: FailureCode, detail?: FailureDetail): void {
    this.#owner.abort(code, detail)
  }

  /** The connection takes more. */
  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#body.resume()
  }
}
