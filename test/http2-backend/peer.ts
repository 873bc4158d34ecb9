import net from 'node:net'
import { errorCodes, frameTypes, preface } from '../../src/proxy/http2/frame.ts'
import { HpackDecoder } from '../../src/proxy/http2/hpack-decoder.ts'
import { frame } from '../harness/h2-client.ts'

const byCode = Object.fromEntries(Object.entries(errorCodes).map(([name, code]) => [code, name]))

/** One connection that the gateway made to a peer. */
export interface PeerConnection {
  /** From 0 on, in the order in which they were made. */
  readonly number: number
  /** Of each request, in order. */
  readonly requests: PeerRequest[]
  /** The error of each GOAWAY that has come. */
  readonly goAways: string[]
  /** Stream and error of each RST_STREAM that has come. */
  readonly resets: { readonly stream: number; readonly error: string }[]
  send(...frames: readonly Buffer[]): void
  /** Without a last word. */
  drop(): void
  /** Resolves when the gateway has closed it. */
  readonly over: Promise<void>
}

export interface PeerRequest {
  readonly stream: number
  readonly method: string
  readonly path: string
}

export interface Peer {
  readonly port: number
  readonly connections: PeerConnection[]
  close(): void
}

/** A backend that says whatever frames it is told to, however wrong. It begins with SETTINGS. */
export async function startPeer(
  act: (connection: PeerConnection, request: PeerRequest) => void,
  hello: Buffer = frame(frameTypes.settings, 0, 0),
): Promise<Peer> {
  const connections: Connection[] = []
  const server = net.createServer({ noDelay: true }, (socket) => {
    const connection = new Connection(socket, connections.length, act)
    connections.push(connection)
    connection.send(hello)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as net.AddressInfo).port,
    connections,
    close() {
      for (const each of connections) each.drop()
      server.close()
    },
  }
}

class Connection implements PeerConnection {
  readonly number: number
  readonly requests: PeerRequest[] = []
  readonly goAways: string[] = []
  readonly resets: { readonly stream: number; readonly error: string }[] = []
  readonly over: Promise<void>
  readonly #socket: net.Socket
  readonly #act: (connection: PeerConnection, request: PeerRequest) => void
  readonly #hpack = new HpackDecoder()
  #rest = Buffer.alloc(0)
  #isGreeted = false

  constructor(
    socket: net.Socket,
    number: number,
    act: (connection: PeerConnection, request: PeerRequest) => void,
  ) {
    this.#socket = socket
    this.number = number
    this.#act = act
    this.over = new Promise((resolve) => void socket.on('close', () => resolve()))
    socket.on('error', () => {})
    socket.on('data', (chunk) => this.#read(chunk))
  }

  send(...frames: readonly Buffer[]): void {
    if (!this.#socket.destroyed) this.#socket.write(Buffer.concat(frames))
  }

  drop(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    if (!this.#isGreeted) {
      if (this.#rest.length < preface.length) return
      this.#isGreeted = true
      this.#rest = this.#rest.subarray(preface.length)
    }
    while (this.#rest.length >= 9) {
      const end = 9 + this.#rest.readUIntBE(0, 3)
      if (this.#rest.length < end) return
      const bytes = this.#rest.subarray(0, end)
      this.#rest = this.#rest.subarray(end)
      this.#take(bytes[3] ?? 0, bytes.readUInt32BE(5), bytes.subarray(9))
    }
  }

  #take(type: number, stream: number, payload: Buffer): void {
    if (type === frameTypes.goAway) this.goAways.push(byCode[payload.readUInt32BE(4)] ?? 'unknown')
    if (type === frameTypes.reset)
      this.resets.push({ stream, error: byCode[payload.readUInt32BE(0)] ?? 'unknown' })
    if (type !== frameTypes.headers) return
    const fields = new Map<string, string>()
    this.#hpack.decode(payload, 0, payload.length, {
      field: ({ name, value }) => void fields.set(name, value),
    })
    const request = {
      stream,
      method: fields.get(':method') ?? '',
      path: fields.get(':path') ?? '',
    }
    this.requests.push(request)
    this.#act(this, request)
  }
}
