import net from 'node:net'

/** A client that speaks raw bytes and waits for what it is told to wait for. */
export class RawClient {
  readonly socket: net.Socket
  text = ''
  ended = false
  reset = false
  #waiting: (() => void)[] = []

  constructor(port: number) {
    this.socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    this.socket.on('data', (chunk) => {
      this.text += chunk.toString('latin1')
      this.#wake()
    })
    this.socket.on('end', () => {
      this.ended = true
      this.#wake()
    })
    this.socket.on('connect', () => this.#wake())
    this.socket.on('error', () => {
      this.reset = true
      this.#wake()
    })
    this.socket.on('close', () => this.#wake())
  }

  /** Resolves once the connection is there, or has failed. */
  async connected(): Promise<void> {
    while (this.socket.connecting && !this.over) await this.#more()
  }

  send(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  /** Resolves when the text matches, or the connection is over. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.text) && !this.over) await this.#more()
    return this.text
  }

  get over(): boolean {
    return this.ended || this.reset || this.socket.destroyed
  }

  /** Resolves with everything once the gateway has closed its side. */
  async untilOver(): Promise<string> {
    while (!this.over) await this.#more()
    return this.text
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Cuts the connection, so that no port waits for late segments. */
  leave(): void {
    this.socket.resetAndDestroy()
  }

  close(): void {
    this.socket.destroy()
  }
}
