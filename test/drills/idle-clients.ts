import { Client } from './client.ts'
import { host } from './manifests.ts'

/** One client address may have a thousand connections. */
const perSource = 900
const atOnce = 200

/** Many clients that have asked once and then keep their connection. */
export class IdleClients {
  /** When each connection that is gone was closed: `performance.now()`. */
  readonly closedMs: number[] = []
  readonly #port: number
  readonly #open = new Set<Client>()
  #failed = 0

  constructor(port: number) {
    this.#port = port
  }

  get open(): number {
    return this.#open.size
  }

  /** Connections that could not be made, or whose one request failed. */
  get failed(): number {
    return this.#failed
  }

  async connect(count: number): Promise<void> {
    for (let made = 0; made < count; made += atOnce) {
      const batch = Array.from({ length: Math.min(atOnce, count - made) }, (_, i) =>
        this.#connect(made + i),
      )
      await Promise.all(batch)
    }
  }

  #connect(n: number): Promise<void> {
    const source = `127.0.${20 + Math.floor(n / perSource)}.1`
    return new Promise((resolve) => {
      const client: Client = new Client(
        this.#port,
        source,
        () => {},
        () => {
          if (this.#open.delete(client)) this.closedMs.push(performance.now())
        },
      )
      this.#open.add(client)
      const text = `GET /orders/7 HTTP/1.1\r\nhost: ${host}\r\nx-nonce: idle\r\n\r\n`
      const failed = () => {
        this.#failed++
        resolve()
      }
      client.send(text, {
        answered: ({ status }) => (status === 200 ? resolve() : failed()),
        failed,
      })
    })
  }

  /** Closes what is still open; that is not counted. */
  end(): void {
    const open = [...this.#open]
    this.#open.clear()
    for (const client of open) client.close()
  }
}
