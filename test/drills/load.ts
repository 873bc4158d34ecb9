import { type Answer, Client } from './client.ts'
import { host } from './manifests.ts'
import { Samples } from './samples.ts'

export interface LoadOptions {
  readonly port: number
  /** Requests a second. */
  readonly rate: number
  /** An answer that takes longer is a failure; a second unless the drill is about waiting. */
  readonly stallMs?: number
  /** The path of the nth request. */
  readonly path?: (n: number) => string
}

/** The cap of one client address is a thousand connections: the load comes from several, as in life. */
const sources = Array.from({ length: 8 }, (_, i) => `127.0.0.${10 + i}`)
/** Of so many requests one is on a new connection, which then closes; another one is a PUT with a body. */
const everyNew = 5
const everyPut = 10
const putBytes = 200
/** A client keeps connections shorter than the gateway does, so that none closes as it is used. */
const longestIdleMs = 30_000
/** A turn that comes so much later than it should: the load itself stood still. */
const stillMs = 3
/** More than this in flight, and the load gives up on what comes next. */
const mostInFlight = 6000

/**
 * An open-loop load: request n is due at n/rate seconds whatever became of the ones before, and its latency counts from
 * then. Each carries a nonce that the backend's answer must repeat.
 */
export class Load {
  readonly samples = new Samples()
  readonly #options: LoadOptions
  readonly #startMs = performance.now()
  readonly #idle: Client[] = []
  readonly #all = new Set<Client>()
  #turnDueMs = 0
  #sent = 0
  #inFlight = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: LoadOptions) {
    this.#options = options
    this.#turn()
  }

  /** Milliseconds since the load began: the time that samples carry. */
  get nowMs(): number {
    return performance.now() - this.#startMs
  }

  /** Sends no more, waits for what is in flight and answers all samples. */
  async stop(): Promise<Samples> {
    this.#stopped = true
    clearTimeout(this.#timer)
    const untilMs = this.nowMs + (this.#options.stallMs ?? 1000) + 1000
    while (this.#inFlight > 0 && this.nowMs < untilMs)
      await new Promise((resolve) => setTimeout(resolve, 20))
    for (const client of this.#all) client.close()
    return this.samples
  }

  #turn(): void {
    if (this.#stopped) return
    const nowMs = this.nowMs
    if (nowMs - this.#turnDueMs > stillMs) this.samples.pauses.push([this.#turnDueMs, nowMs])
    while (this.#dueMs() <= nowMs) this.#send(nowMs)
    const waitMs = Math.max(this.#dueMs() - this.nowMs, 1)
    this.#turnDueMs = this.nowMs + waitMs
    this.#timer = setTimeout(() => this.#turn(), waitMs)
  }

  #dueMs(): number {
    return (this.#sent * 1000) / this.#options.rate
  }

  #send(nowMs: number): void {
    const dueMs = this.#dueMs()
    const n = this.#sent++
    const end = this.samples.begin(n, dueMs, nowMs)
    if (this.#inFlight >= mostInFlight) return end('not sent: too many in flight', undefined)
    const isNew = n % everyNew === 0
    const isPut = n % everyPut === 1
    const path = this.#options.path?.(n) ?? '/orders/7'
    const client = isNew ? this.#open(n) : (this.#kept(nowMs) ?? this.#open(n))
    this.#inFlight++
    const over = (failure: string | undefined, answer: Answer | undefined) => {
      this.#inFlight--
      const lateMs = this.nowMs - dueMs
      const isStalled = failure === undefined && lateMs > (this.#options.stallMs ?? 1000)
      end(isStalled ? 'stalled' : failure, answer)
    }
    client.send(requestOf(n, path, isNew, isPut), {
      answered: (answer) => over(wrongIn(answer, n, isPut), answer),
      failed: (reason) => over(reason, undefined),
    })
  }

  #kept(nowMs: number): Client | undefined {
    for (let client = this.#idle.pop(); client !== undefined; client = this.#idle.pop()) {
      if (client.usable && client.idleMs(nowMs) < longestIdleMs) return client
      this.#all.delete(client)
      client.close()
    }
    return undefined
  }

  #open(n: number): Client {
    const source = sources[n % sources.length] as string
    const client = new Client(this.#options.port, source, (free) => this.#idle.push(free))
    this.#all.add(client)
    return client
  }
}

function requestOf(n: number, path: string, isNew: boolean, isPut: boolean): string {
  const connection = isNew ? 'connection: close\r\n' : ''
  const head = `${isPut ? 'PUT' : 'GET'} ${path} HTTP/1.1\r\nhost: ${host}\r\nx-nonce: ${n}\r\n${connection}`
  return isPut ? `${head}content-length: ${putBytes}\r\n\r\n${body}` : `${head}\r\n`
}

const body = 'x'.repeat(putBytes)

/** Why an answer is not the one to this request; undefined when it is. */
function wrongIn({ status, body: text }: Answer, n: number, isPut: boolean): string | undefined {
  if (status !== 200) return `${status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ''}`.trim()
  if (!text.startsWith(`{"nonce":"${n}",`)) return 'the answer to another request'
  return text.includes(`"bytes":${isPut ? putBytes : 0}`) ? undefined : 'the body did not arrive'
}
