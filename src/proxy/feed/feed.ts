import type { Clock } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Log } from '../../base/log.ts'
import { wait } from '../../base/wait.ts'
import type { ProxyReport } from '../../model/proxy-report.ts'
import {
  decodeControllerMessage,
  encodeProxyMessage,
  largestMessage,
  type ProxyHello,
  pushProtocol,
} from '../../model/push-message.ts'
import type { SavedKeys } from '../../model/saved-keys.ts'
import { type FeedCredentials, type FeedTarget, subscribe } from './connection.ts'
import type { Intake } from './intake.ts'
import type { Held } from './last-good-file.ts'
import { keepTelling } from './reporting.ts'

const shortestMs = 200
const longestMs = 10_000
/** A token is sent again when a file shows another one; looked for this often. */
const tokenMs = 30_000

export interface FeedOptions {
  readonly clock: Clock
  readonly dice: Dice
  readonly log: Log
  readonly version: string
  readonly name: string
  readonly namespace: string
  readonly intake: Intake
  /** Every controller there is, in any order. Rejects when that cannot be found out now. */
  readonly targets: () => Promise<readonly FeedTarget[]>
  /** Throws when they are not there (yet). */
  readonly credentials: () => FeedCredentials
  /** Something newer is in force. */
  readonly applied: (held: Held) => void
  /** What keeps the proxy from being fed, for readiness and people; undefined: nothing. */
  readonly state: (problem: string | undefined) => void
  /** What only a proxy knows; told to controllers that take it. */
  readonly report?: () => ProxyReport
  /** Keys of issuers as the controller has fetched them. */
  readonly given?: (sets: readonly SavedKeys[]) => void
  /** Bytes that a message may have; 256 MiB. */
  readonly largest?: number
}

/**
 * The proxy's end of the push channel: finds the controller that leads, stays subscribed, and comes back with full jitter when
 * the connection is lost. What is in force stays in force whatever happens here.
 */
export class Feed {
  readonly #options: FeedOptions
  readonly #stop = new AbortController()
  #failures = 0

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** Runs until `close`. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const problem = await this.#round()
      if (this.#stop.signal.aborted) return
      this.#options.state(problem)
      await this.#pause()
    }
  }

  close(): void {
    this.#stop.abort()
  }

  /** Asks every controller once, beginning anywhere; a subscription that was made is held for as long as it lasts. */
  async #round(): Promise<string> {
    const { targets, dice, log } = this.#options
    let problem = 'no controller was found'
    try {
      const found = await targets()
      const first = Math.floor(dice() * found.length)
      for (let i = 0; i < found.length && !this.#stop.signal.aborted; i++) {
        const target = found[(first + i) % found.length] as FeedTarget
        problem = await this.#subscribe(target)
        log.debug('not subscribed', { controller: target.address, problem })
      }
    } catch (error) {
      problem = messageOf(error)
    }
    this.#failures++
    return problem
  }

  async #subscribe(target: FeedTarget): Promise<string> {
    const { clock, credentials: read, log, largest = largestMessage } = this.#options
    try {
      const credentials = read()
      await subscribe({
        clock,
        target,
        credentials,
        signal: this.#stop.signal,
        opened: (send, takesReports) => {
          send(encodeProxyMessage(this.#hello()))
          const ends = [this.#watchToken(credentials.token, send)]
          if (takesReports) ends.push(keepTelling(clock, () => this.#report(), send))
          return () => {
            for (const end of ends) end()
          }
        },
        message: (text, send) => this.#take(text, send),
        largest,
        tooLarge: (bytes, send) =>
          this.#refuse(`a message has ${bytes} bytes, and at most ${largest} are taken`, send),
      })
      return ''
    } catch (error) {
      if (this.#failures === 0)
        log.warn('the controller is lost; what is in force stays', { problem: messageOf(error) })
      return messageOf(error)
    }
  }

  #hello(): ProxyHello {
    const { version, name, namespace, intake } = this.#options
    const { epoch = 0, sequence = 0, snapshot } = intake.held ?? {}
    const digest = snapshot?.digest ?? ''
    return {
      type: 'hello',
      protocol: pushProtocol,
      version,
      name,
      namespace,
      epoch,
      sequence,
      digest,
    }
  }

  /** Nothing before there is a configuration that it could be about. */
  #report(): string | undefined {
    const { intake, report } = this.#options
    if (intake.held === undefined || report === undefined) return undefined
    const { epoch, sequence, snapshot } = intake.held
    const { digest } = snapshot
    return encodeProxyMessage({ type: 'report', epoch, sequence, digest, ...report() })
  }

  async #take(text: string, send: (text: string) => void): Promise<void> {
    const { intake, log, applied, state, given } = this.#options
    const decoded = decodeControllerMessage(text)
    if ('problem' in decoded) return this.#refuse(decoded.problem, send)
    const { message } = decoded
    if (message.type === 'ping') return this.#pinged(send)
    if (message.type === 'hello') return this.#greeted(message.protocol)
    if (message.type === 'keys') return given?.(message.sets)
    const before = intake.held
    const answer = await intake.take(message)
    send(encodeProxyMessage(answer))
    if (answer.type === 'nack')
      log.error('a configuration is refused', { problems: answer.problems })
    else {
      this.#failures = 0
      state(undefined)
      if (intake.held !== undefined && intake.held !== before) applied(intake.held)
    }
  }

  /** What could not even be read; what is in force stays. */
  #refuse(problem: string, send: (text: string) => void): void {
    const { log, intake } = this.#options
    log.error('a message of the controller is refused', { problem })
    const { epoch = 0, sequence = 0, snapshot } = intake.held ?? {}
    const digest = snapshot?.digest ?? ''
    send(encodeProxyMessage({ type: 'nack', epoch, sequence, digest, problems: [problem] }))
  }

  /** A controller that greets and then sends us away is not a good one: one that goes on talking is. */
  #pinged(send: (text: string) => void): void {
    this.#failures = 0
    send(encodeProxyMessage({ type: 'pong' }))
  }

  #greeted(protocol: number): void {
    if (protocol !== pushProtocol)
      throw new Error(
        `the controller speaks version ${protocol} of the channel, not ${pushProtocol}`,
      )
    if (this.#options.intake.held !== undefined) this.#options.state(undefined)
  }

  /** Projected tokens are replaced on disk before they expire; the controller wants to see the new one. */
  #watchToken(token: string | undefined, send: (text: string) => void): () => void {
    let current = token
    let timer = this.#options.clock.after(tokenMs, look.bind(this))
    return () => timer.cancel()
    function look(this: Feed): void {
      const next = this.#tokenNow()
      if (next !== undefined && next !== current)
        send(encodeProxyMessage({ type: 'token', token: next }))
      current = next ?? current
      timer = this.#options.clock.after(tokenMs, look.bind(this))
    }
  }

  #tokenNow(): string | undefined {
    try {
      return this.#options.credentials().token
    } catch {
      // It is being replaced at this moment; the next look finds it.
      return undefined
    }
  }

  /** Full jitter: a thousand proxies that lost one controller do not come back at once. */
  #pause(): Promise<void> {
    const { clock, dice } = this.#options
    const mostMs = Math.min(longestMs, shortestMs * 2 ** Math.min(this.#failures - 1, 10))
    return wait(clock, dice() * mostMs, this.#stop.signal)
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
