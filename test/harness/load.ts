import net from 'node:net'

/** What became of the requests of one load. */
export interface Tally {
  /** Whole answers, by their body. */
  readonly answers: Record<string, number>
  /** Connections that ended with a request on them, or in the middle of its answer. */
  failed: number
  /** Connections that could not be made. */
  refused: number
}

/** Clients on kept connections, each of which sends its next request when it has the answer to the last. */
export class Load {
  readonly tally: Tally = { answers: {}, failed: 0, refused: 0 }
  readonly #port: number
  readonly #headers: string
  readonly #clients: Set<net.Socket> = new Set()
  readonly #waiting: (() => void)[] = []
  #isReconnecting = true
  #isStopping = false

  /** @param headers further lines of each request */
  constructor(port: number, connections: number, headers = '') {
    this.#port = port
    this.#headers = headers
    for (let i = 0; i < connections; i++) this.#connect()
  }

  get total(): number {
    return Object.values(this.tally.answers).reduce((sum, count) => sum + count, 0)
  }

  get open(): number {
    return this.#clients.size
  }

  #connect(): void {
    const socket = net.connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    let text = ''
    let isAsking = false
    let isLast = false
    const ask = () => {
      if (this.#isStopping) return void socket.end()
      isAsking = true
      socket.write(`GET / HTTP/1.1\r\nhost: a.example\r\n${this.#headers}\r\n`)
    }
    this.#clients.add(socket)
    socket.on('connect', ask)
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const body = bodyOf(text)
      if (body === undefined) return
      isLast = /^connection: close\r$/im.test(text)
      text = ''
      isAsking = false
      this.tally.answers[body] = (this.tally.answers[body] ?? 0) + 1
      this.#wake()
      if (isLast) socket.end()
      else ask()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') this.tally.refused++
    })
    socket.on('close', () => {
      this.#clients.delete(socket)
      if (isAsking) this.tally.failed++
      this.#wake()
      if (this.#isReconnecting && !this.#isStopping) this.#connect()
    })
  }

  /** Resolves when it is so; looked at after each answer and each closed connection. */
  async until(wanted: (load: Load) => boolean): Promise<void> {
    while (!wanted(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Closed connections stay closed from now on. */
  keepClosed(): void {
    this.#isReconnecting = false
  }

  /** No further requests; resolves when those in flight have their answers and all connections are closed. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.until(() => this.#clients.size === 0)
  }
}

function bodyOf(text: string): string | undefined {
  const end = text.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)\r$/im.exec(text)?.[1]
  if (end < 0 || length === undefined) return undefined
  const body = text.slice(end + 4)
  return body.length >= Number(length) ? body : undefined
}
