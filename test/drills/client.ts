import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** Who waits for an answer. Exactly one of the two is called, once. */
export interface Caller {
  answered(answer: Answer): void
  /** What a client would call a failure: no connection, a reset, an answer cut short or not understood. */
  failed(reason: string): void
}

/** One connection of a client: one request at a time. Bare, so that what is measured is the gateway. */
export class Client {
  readonly #socket: Socket
  readonly #free: (client: Client) => void
  #caller: Caller | undefined
  #received = ''
  #connected = false
  #freeSinceMs = 0

  /**
   * @param free called whenever the connection can take another request
   * @param closed called once, when the connection is gone
   */
  constructor(
    port: number,
    localAddress: string,
    free: (client: Client) => void,
    closed: () => void = () => {},
  ) {
    this.#free = free
    this.#socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('connect', () => (this.#connected = true))
    this.#socket.on('data', (text: string) => this.#take(text))
    this.#socket.on('end', () => this.#lost('closed'))
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#lost(error.code ?? 'error'))
    this.#socket.on('close', () => {
      this.#lost('closed')
      closed()
    })
  }

  get usable(): boolean {
    return this.#socket.writable && !this.#socket.destroyed
  }

  /** How long it has had nothing to do. */
  idleMs(nowMs: number): number {
    return this.#caller === undefined ? nowMs - this.#freeSinceMs : 0
  }

  send(text: string, caller: Caller): void {
    this.#caller = caller
    this.#received = ''
    this.#socket.write(text, 'latin1')
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(text: string): void {
    if (this.#caller === undefined) return
    this.#received += text
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = this.#received.slice(0, end + 2)
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1])
    const length = Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1])
    if (Number.isNaN(status) || Number.isNaN(length)) return this.#lost('not understood')
    const body = this.#received.slice(end + 4)
    if (body.length < length) return
    const caller = this.#caller
    this.#caller = undefined
    this.#freeSinceMs = performance.now()
    if (body.length > length) caller.failed('more than one answer')
    else caller.answered({ status, head, body })
    if (/\r\nconnection: *close\r\n/i.test(head)) this.close()
    else this.#free(this)
  }

  #lost(reason: string): void {
    const caller = this.#caller
    this.#caller = undefined
    const where = this.#received !== '' ? 'cut short' : this.#connected ? 'reset' : 'no connection'
    caller?.failed(`${where} (${reason})`)
    this.close()
  }
}

/** One request on a connection of its own. Rejects with the reason of a failure. */
export function ask(port: number, request: Request): Promise<Answer> {
  const { host, path = '/orders/7', headers = {} } = request
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const client = new Client(port, '127.0.0.1', () => {})
  return new Promise((resolve, reject) => {
    client.send(
      `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n${lines.join('')}\r\n`,
      { answered: resolve, failed: (reason) => reject(new Error(`${host}${path}: ${reason}`)) },
    )
  })
}

export interface Request {
  readonly host: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}
