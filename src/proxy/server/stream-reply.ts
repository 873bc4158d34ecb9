import type { HeaderList } from '../http1/header-list.ts'
import type { Reply, ReplySource, ReplyWatcher } from '../http1/message.ts'
import type { Stream, StreamOwner } from '../http2/stream.ts'
import type { StreamHome, StreamRequest } from './stream-request.ts'

/** The answer on one stream of an HTTP/2 connection. */
export class StreamReply implements Reply, StreamOwner {
  started = false
  over = false
  bodyBytes = 0
  source: ReplySource | undefined
  watcher: ReplyWatcher | undefined
  readonly #home: StreamHome
  readonly #stream: Stream
  readonly #request: StreamRequest
  /** A head that has not been sent. */
  #held: HeaderList | undefined
  #status = 0
  #length = -1
  #left = -1
  #bodiless = false
  #isTunnel = false
  #closing = false
  #hasLeft = false

  constructor(home: StreamHome, stream: Stream, request: StreamRequest) {
    this.#home = home
    this.#stream = stream
    this.#request = request
  }

  inform(status: number, headers: HeaderList): void {
    if (!this.over && !this.started) this.#home.session.sendHead(this.#stream, status, headers, -1)
  }

  head(status: number, headers: HeaderList, length: number): void {
    if (this.over || this.started) return
    this.started = true
    if (this.#stream.isTunnel && status < 300) return this.#openTunnel(status, headers)
    this.#held = headers
    this.#status = status
    this.#length = status === 204 ? -1 : length
    this.#bodiless = this.#request.head.method === 'HEAD' || status === 204 || status === 304
    this.#left = this.#bodiless ? -1 : length
  }

  /** RFC 8441 §5: any 2xx opens a tunnel for the client, so that no other answer may say one. */
  #openTunnel(status: number, headers: HeaderList): void {
    if (status !== 101) return this.abort()
    this.#isTunnel = true
    this.#closing = false
    headers.filter(isOfStreams)
    this.#held = headers
    this.#status = 200
  }

  write(chunk: Buffer): boolean {
    if (this.over || this.#bodiless || chunk.length === 0) return true
    this.bodyBytes += chunk.length
    if (this.#left >= 0 && (this.#left -= chunk.length) < 0)
      throw new Error('more body than was announced')
    this.flush()
    return this.#home.session.send(this.#stream, chunk)
  }

  flush(): void {
    const held = this.#held
    if (held === undefined || this.over) return
    this.#held = undefined
    this.#home.session.sendHead(this.#stream, this.#status, held, this.#length)
  }

  retract(): boolean {
    if (this.#held === undefined || this.over) return false
    this.#held = undefined
    this.started = false
    return true
  }

  end(trailers?: HeaderList): void {
    if (this.over) return
    if (this.#left > 0) return this.abort()
    this.flush()
    this.over = !this.#isTunnel || this.#closing || this.#request.complete
    this.#home.session.finish(this.#stream, trailers)
    if (this.over && this.#hasLeft) this.left()
  }

  stopped(): void {
    if (this.#isTunnel && !this.over) this.source?.stopped?.()
  }

  cut(): void {
    this.watcher?.drained?.()
  }

  abort(): void {
    if (this.over) return
    this.over = true
    // What a reset of the other side is for a tunnel (RFC 8441 §5).
    this.#home.session.cancel(this.#stream, this.#isTunnel ? 'cancel' : 'internal_error')
    this.#finish(false)
  }

  /** Nothing that a request says can spoil the requests beside it: the connection stays. */
  closeAfter(): void {
    this.#closing = true
  }

  data(bytes: Buffer, start: number, end: number): void {
    this.#request.take(bytes, start, end)
  }

  ended(trailers: HeaderList | undefined): void {
    this.#request.end(trailers)
  }

  writable(): void {
    if (!this.over) this.source?.drained()
  }

  left(): void {
    this.#hasLeft = true
    if (!this.over) return
    this.#finish(true)
    if (!this.#stream.isRemoteOver) this.#request.discard()
  }

  /** The client does not want the answer any more, or is gone. */
  reset(): void {
    if (!this.over) {
      this.over = true
      this.source?.gone()
    }
    this.#finish(false)
  }

  #isFinished = false
  #finish(complete: boolean): void {
    if (this.#isFinished) return
    this.#isFinished = true
    this.#request.close()
    this.watcher?.finished(complete)
  }
}

/** What a 101 says of a connection of HTTP/1.1 (RFC 8441 §5). */
const isOfStreams = (name: string): boolean => name !== 'upgrade' && name !== 'sec-websocket-accept'
