import net from 'node:net'
import { errorCodes, frameTypes, preface } from '../../src/proxy/http2/frame.ts'
import { HpackDecoder } from '../../src/proxy/http2/hpack-decoder.ts'

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export type Fields = readonly (readonly [name: string, value: string])[]

/** What has come on one stream. */
export interface Answered {
  /** Of every block: `:status` first, trailers last. */
  readonly blocks: Fields[]
  body: string
  ended: boolean
  /** The name of a reset's code. */
  reset: string | undefined
}

const byCode = Object.fromEntries(Object.entries(errorCodes).map(([name, code]) => [code, name]))

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer | string = '',
): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload
  const head = Buffer.alloc(9)
  head.writeUIntBE(bytes.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, bytes])
}

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** RFC 7541 §6.2.2: literals that no table remembers. Says whatever it is told. */
export function literal(fields: Fields): Buffer {
  const parts = fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)])
  return Buffer.concat(parts)
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  const { length } = bytes
  if (length < 127) return Buffer.concat([Buffer.from([length]), bytes])
  const rest = length - 127
  const size = [127]
  let left = rest
  for (; left >= 128; left >>= 7) size.push(128 | (left & 127))
  return Buffer.concat([Buffer.from([...size, left]), bytes])
}

export const get = (path = '/', ...more: Fields): Fields => [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', path],
  [':authority', 'api.example'],
  ...more,
]

/** A client of HTTP/2 that sends the frames it is told to, however wrong, and keeps what it gets. */
export class H2Client {
  readonly socket: net.Socket
  readonly frames: Frame[] = []
  readonly streams = new Map<number, Answered>()
  /** The name of the code of each GOAWAY, in order. */
  readonly goAways: { readonly error: string; readonly lastId: number }[] = []
  over = false
  readonly #hpack = new HpackDecoder()
  #rest = Buffer.alloc(0)
  /** A header block that is not complete. */
  #block = Buffer.alloc(0)
  #waiting: (() => void)[] = []

  /** @param greeting what is said first; '' for nothing */
  constructor(
    port: number,
    greeting: Buffer = Buffer.concat([Buffer.from(preface), frame(frameTypes.settings, 0, 0)]),
  ) {
    this.socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    this.socket.on('data', (chunk) => this.#read(chunk))
    for (const event of ['end', 'error', 'close'])
      this.socket.on(event, () => {
        this.over = true
        this.#wake()
      })
    this.send(greeting)
  }

  send(...parts: readonly Buffer[]): this {
    const bytes = Buffer.concat(parts)
    if (bytes.length > 0 && !this.socket.destroyed) this.socket.write(bytes)
    return this
  }

  frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): this {
    return this.send(frame(type, flags, stream, payload))
  }

  /** A whole request without a body. */
  request(stream: number, fields: Fields = get()): this {
    return this.frame(frameTypes.headers, 0x5, stream, literal(fields))
  }

  stream(id: number): Answered {
    let found = this.streams.get(id)
    if (found === undefined)
      this.streams.set(id, (found = { blocks: [], body: '', ended: false, reset: undefined }))
    return found
  }

  statusOf(id: number): string | undefined {
    return this.stream(id).blocks[0]?.[0]?.[1]
  }

  /** Resolves when it is so, or the connection is over. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo() && !this.over) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Resolves when a stream is over, one way or the other. */
  async answered(id: number): Promise<Answered> {
    const answer = this.stream(id)
    await this.until(() => answer.ended || answer.reset !== undefined)
    return answer
  }

  /** Resolves when the connection is over. @returns the error of the last GOAWAY, '' without one */
  async untilOver(): Promise<string> {
    await this.until(() => false)
    return this.goAways.at(-1)?.error ?? ''
  }

  /** A PING went there and back: what was sent before has been looked at. */
  async ping(): Promise<void> {
    const before = this.#acks()
    this.frame(frameTypes.ping, 0, 0, 'pingpong')
    await this.until(() => this.#acks() > before)
  }

  #acks(): number {
    return this.frames.filter(({ type, flags }) => type === frameTypes.ping && flags === 1).length
  }

  close(): void {
    this.socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= 9) {
      const end = 9 + this.#rest.readUIntBE(0, 3)
      if (this.#rest.length < end) break
      const [type = 0, flags = 0] = this.#rest.subarray(3, 5)
      const stream = this.#rest.readUInt32BE(5)
      this.#take({ type, flags, stream, payload: Buffer.from(this.#rest.subarray(9, end)) })
      this.#rest = this.#rest.subarray(end)
    }
    this.#wake()
  }

  #take(got: Frame): void {
    const { type, flags, stream: id, payload } = got
    this.frames.push(got)
    if (type === frameTypes.goAway)
      this.goAways.push({
        lastId: payload.readUInt32BE(0),
        error: byCode[payload.readUInt32BE(4)] ?? 'unknown',
      })
    if (id === 0) return
    const stream = this.stream(id)
    if (type === frameTypes.reset) stream.reset = byCode[payload.readUInt32BE(0)] ?? 'unknown'
    if (type === frameTypes.data) stream.body += payload.toString('latin1')
    if (type === frameTypes.headers || type === frameTypes.continuation) {
      this.#block = Buffer.concat([this.#block, payload])
      if ((flags & 4) !== 0) stream.blocks.push(this.#decode())
    }
    if ((type === frameTypes.data || type === frameTypes.headers) && (flags & 1) !== 0)
      stream.ended = true
  }

  #decode(): Fields {
    const block = this.#block
    this.#block = Buffer.alloc(0)
    const fields: [string, string][] = []
    const field = ({ name, value }: { name: string; value: string }) =>
      void fields.push([name, value])
    if (!this.#hpack.decode(block, 0, block.length, { field })) throw new Error('a broken block')
    return fields
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
