import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'

/** One client address may have a thousand connections. */
const perSource = 900
const atOnce = 100

/** A backend that says back what it hears. */
export async function startEcho(): Promise<{ readonly port: number; close(): void }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, backlog: 4096 })
  server.on('connection', (socket) => {
    socket.on('message', (data) => socket.send(data))
    socket.on('error', () => {})
  })
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const client of server.clients) client.terminate()
      server.close()
    },
  }
}

/** Many WebSockets that are open and say nothing. */
export class QuietClients {
  /** When each that is gone was closed: `performance.now()`. */
  readonly closedMs: number[] = []
  readonly #port: number
  readonly #hostname: string
  readonly #open = new Set<WebSocket>()
  failed = 0

  constructor(port: number, hostname: string) {
    this.#port = port
    this.#hostname = hostname
  }

  get open(): number {
    return this.#open.size
  }

  async connect(count: number): Promise<void> {
    for (let made = 0; made < count; made += atOnce) {
      const size = Math.min(atOnce, count - made)
      await Promise.all(Array.from({ length: size }, (_, i) => this.#connect(made + i)))
    }
  }

  #connect(n: number): Promise<void> {
    const client = new WebSocket(`ws://127.0.0.1:${this.#port}/live`, {
      headers: { host: this.#hostname },
      localAddress: `127.0.${60 + Math.floor(n / perSource)}.1`,
      perMessageDeflate: false,
    })
    return new Promise((resolve) => {
      client.on('open', () => {
        this.#open.add(client)
        resolve()
      })
      client.on('error', () => {
        this.failed++
        resolve()
      })
      client.on('close', () => {
        if (this.#open.delete(client)) this.closedMs.push(performance.now())
      })
    })
  }

  /** How many of all that are open get their own word back. */
  async talk(): Promise<number> {
    let heard = 0
    const clients = [...this.#open]
    for (let from = 0; from < clients.length; from += atOnce) {
      const some = clients.slice(from, from + atOnce).map(async (client, i) => {
        const answer = Promise.race([once(client, 'message'), once(client, 'close')])
        client.send(`I am ${from + i}`)
        if (String((await answer)[0]) === `I am ${from + i}`) heard++
      })
      await Promise.all(some)
    }
    return heard
  }

  end(): void {
    const open = [...this.#open]
    this.#open.clear()
    for (const client of open) client.terminate()
  }
}
