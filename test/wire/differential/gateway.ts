import type { Exchange } from '../../../src/proxy/stages/exchange.ts'
import { startProxy, type TestProxy } from '../../harness/proxy.ts'
import { deliver } from './delivery.ts'
import type { Taken } from './judge.ts'
import { Recorder } from './recorder.ts'

/** What became of one delivery: the statuses that the client saw, and what the gateway took, in order. */
export interface Outcome {
  readonly statuses: readonly string[]
  readonly taken: readonly Taken[]
}

/** Far away: a clock is reached only if the gateway waits for what will not come. */
const minute = 60_000

/** A real gateway in front of a recording backend. */
export class Gateway {
  readonly recorder = new Recorder()
  deliveries = 0
  /** Of each connection, by the port of the client. */
  readonly #exchanges = new Map<number, Exchange[]>()
  #proxy: TestProxy | undefined

  async start(): Promise<void> {
    this.#proxy = await startProxy({
      ports: [await this.recorder.listen()],
      maxConnections: 1000,
      limits: { connectionsPerClient: 20_000 },
      clocks: { headMs: minute, bodyIdleMs: minute, halfCloseGraceMs: minute },
      rule: {
        timeouts: {
          requestMs: minute,
          backendRequestMs: minute,
          connectMs: minute,
          idleMs: minute,
        },
      },
      observe: (exchange) => {
        const { port } = exchange.request.peer
        const before = this.#exchanges.get(port)
        if (before === undefined) this.#exchanges.set(port, [exchange])
        else before.push(exchange)
      },
    })
  }

  /** Sends bytes, cut at these positions, and waits for so many answers or the end. */
  async take(text: string, cuts: readonly number[], answers: number): Promise<Outcome> {
    this.deliveries++
    const { localPort, statuses } = await deliver(this.#proxy!.port, text, cuts, answers)
    const exchanges = this.#exchanges.get(localPort) ?? []
    this.#exchanges.delete(localPort)
    const taken = exchanges.map((exchange) => ({
      exchange,
      recorded: this.recorder.take(exchange.id),
    }))
    return { statuses, taken }
  }

  /** What nobody has asked for or could explain: requests without an exchange, odd bytes, faults of the gateway. */
  oddities(): unknown[] {
    const left = [...this.recorder.requests.values()].filter(({ complete }) => complete)
    return [...this.recorder.faults, ...left, ...(this.#proxy?.errors ?? [])]
  }

  async close(): Promise<void> {
    await this.#proxy?.close()
    await this.recorder.close()
  }
}
