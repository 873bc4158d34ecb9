import type { HeaderList } from '../http1/header-list.ts'
import type { Reply, ReplySource, ReplyWatcher } from '../http1/message.ts'
import { printChunkHead, printResponseHead } from '../http1/print-head.ts'
import { writePart } from '../http1/write-part.ts'
import type { ClientRequest } from './client-request.ts'
import type { Connection } from './connection.ts'

/** The answer to one request of an HTTP/1.x connection. */
export class ClientReply implements Reply {
  started = false
  over = false
  bodyBytes = 0
  closing: boolean
  source: ReplySource | undefined
  watcher: ReplyWatcher | undefined
  readonly #connection: Connection
  readonly #request: ClientRequest
  #held = ''
  #chunked = false
  #bodiless = false
  #left = -1
  #finishing = false
  #isTunnel = false

  constructor(connection: Connection, request: ClientRequest) {
    this.#connection = connection
    this.#request = request
    this.closing = !request.head.keepAlive || connection.host.draining
  }

  inform(status: number, headers: HeaderList): void {
    if (this.over || this.started || this.#request.head.minorVersion === 0) return
    this.#connection.socket.write(printResponseHead(status, headers, 'none', -1, ''), 'latin1')
  }

  head(status: number, headers: HeaderList, length: number): void {
    if (this.over || this.started) return
    this.started = true
    if (status === 101) return this.#becomeTunnel(headers)
    const { head } = this.#request
    this.#request.discard()
    if (!this.#request.complete) this.closing = true
    this.#bodiless = head.method === 'HEAD' || status === 204 || status === 304
    this.#chunked = length < 0 && !this.#bodiless && head.minorVersion === 1
    if (length < 0 && !this.#bodiless && head.minorVersion === 0) this.closing = true
    this.#left = this.#bodiless ? -1 : length
    const framing = length >= 0 && status !== 204 ? 'length' : this.#chunked ? 'chunked' : 'none'
    const connection = this.closing ? 'close' : head.minorVersion === 0 ? 'keep-alive' : ''
    this.#held = printResponseHead(status, headers, framing, length, connection)
  }

  /** Nothing of HTTP follows on this connection. */
  #becomeTunnel(headers: HeaderList): void {
    this.#isTunnel = true
    this.closing = false
    this.#connection.becomeTunnel(this.#request)
    this.#held = printResponseHead(101, headers, 'none', -1, 'Upgrade')
  }

  write(chunk: Buffer): boolean {
    if (this.over || this.#bodiless || chunk.length === 0) return true
    this.bodyBytes += chunk.length
    if (this.#left >= 0 && (this.#left -= chunk.length) < 0)
      throw new Error('more body than was announced')
    const before = this.#chunked ? this.#held + printChunkHead(chunk.length) : this.#held
    const after = this.#chunked ? '\r\n' : ''
    this.#held = ''
    writePart(this.#connection.socket, before, chunk, after)
    return this.#connection.written()
  }

  flush(): void {
    if (this.#held === '' || this.over) return
    const held = this.#held
    this.#held = ''
    this.#connection.socket.write(held, 'latin1')
    this.#connection.written()
  }

  retract(): boolean {
    if (this.#held === '' || this.over) return false
    this.#held = ''
    this.started = false
    return true
  }

  end(): void {
    if (this.over) return
    if (this.#isTunnel) return this.#endTunnel()
    if (this.#left > 0) return this.abort()
    this.over = true
    if (this.#chunked) this.#held += '0\r\n\r\n'
    const { socket } = this.#connection
    if (this.#held !== '') socket.write(this.#held, 'latin1')
    this.#held = ''
    if (this.#connection.written()) this.#finish(true)
    else this.#finishing = true
  }

  /** FIN, once all has left. Over when the client has sent its own, or nobody waits for it. */
  #endTunnel(): void {
    this.flush()
    this.#finishing = !this.#connection.written()
    if (this.#finishing) return
    const { socket } = this.#connection
    if (!socket.writableEnded) socket.end()
    if (!this.closing && !this.#request.complete) return
    this.over = true
    this.closing = true
    this.#finish(true)
  }

  abort(): void {
    if (this.over) return
    this.over = true
    this.closing = true
    this.#connection.reset()
    this.#finish(false)
  }

  closeAfter(): void {
    this.closing = true
  }

  drained(): void {
    if (this.#finishing) return this.#isTunnel ? this.#endTunnel() : this.#finish(true)
    this.source?.drained()
  }

  /** The client went away before the answer was complete. */
  lost(): void {
    if (this.#finishing) return this.#finish(false)
    if (this.over) return
    this.over = true
    this.source?.gone()
    this.#finish(false)
  }

  #finish(complete: boolean): void {
    this.#finishing = false
    this.watcher?.finished(complete)
    this.#connection.finished(this)
  }
}
