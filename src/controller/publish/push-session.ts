import type { Clock, Timer } from '../../base/clock.ts'
import { FrameReader } from '../../model/frame.ts'
import {
  decodeProxyMessage,
  isOlder,
  type Moment,
  type ProxyHello,
  type ProxyMessage,
} from '../../model/push-message.ts'
import type { ConnectedProxy, Served } from './publication.ts'

/** More than any acknowledgement, refusal or token needs. */
const largestAnswer = 64 * 1024
const pingMs = 10_000
const silenceMs = 30_000
const helloMs = 10_000
const mostProblems = 16

/** Who is allowed to subscribe, and until when that has been shown. */
export interface Identity {
  readonly namespace: string
  readonly name: string
  /** From when it was shown; infinite for a certificate, which the connection is bound to. */
  readonly goodForMs: number
}

/** The two streams of a connection and what ends it. */
export interface PushStream {
  write(frame: Buffer): void
  close(reason: string): void
}

export interface SessionOptions {
  readonly clock: Clock
  readonly identity: Identity
  readonly address: string
  readonly stream: PushStream
  /** Frame of a message that leads from what the proxy has to what is newest; undefined: it has that. */
  readonly next: (
    has: Served | undefined,
  ) => { readonly frame: Buffer; readonly moment: Moment } | undefined
  readonly ping: Buffer
  /** Frame of the keys of issuers, for a proxy that takes them. */
  readonly keys?: () => Buffer | undefined
  readonly authenticate: (token: string) => Promise<Identity | undefined>
  readonly changed: () => void
  readonly acknowledged: (moment: Moment) => void
  /** It has told what only it knows. */
  readonly reported?: () => void
}

/** One subscribed proxy: at most one configuration is on its way to it, and it gets the newest when that has arrived. */
export class PushSession implements ConnectedProxy {
  readonly address: string
  version = ''
  acknowledged: ConnectedProxy['acknowledged']
  refused: ConnectedProxy['refused']
  report: ConnectedProxy['report']
  readonly #options: SessionOptions
  readonly #reader = new FrameReader(largestAnswer)
  #identity: Identity
  /** Monotonic: a jump of the time of day sends nobody away (K7). */
  #expiresMs: number
  #hello = false
  /** What a change may lead from; undefined: nothing, so that it is sent the whole. */
  #has: Served | undefined
  #sent: Moment | undefined
  #heardMs: number
  #timer: Timer | undefined
  #over = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#identity = options.identity
    this.address = options.address
    this.#heardMs = options.clock.nowMs()
    this.#expiresMs = this.#heardMs + options.identity.goodForMs
    this.#watch(helloMs)
  }

  get namespace(): string {
    return this.#identity.namespace
  }

  get name(): string {
    return this.#identity.name
  }

  /** It has said who it is. */
  get subscribed(): boolean {
    return this.#hello
  }

  /** Something newer was published. */
  offer(): void {
    if (this.#hello && this.#sent === undefined) this.#send()
  }

  /** There are other keys of issuers. */
  offerKeys(): void {
    const keys = this.#hello ? this.#options.keys?.() : undefined
    if (keys !== undefined) this.#options.stream.write(keys)
  }

  received(chunk: Buffer): void {
    this.#heardMs = this.#options.clock.nowMs()
    const texts = this.#reader.push(chunk)
    if (texts === undefined) return this.#end('a message is too large')
    for (const text of texts) {
      const decoded = decodeProxyMessage(text)
      if ('problem' in decoded) return this.#end(decoded.problem)
      this.#take(decoded.message)
      if (this.#over) return
    }
  }

  /** Ends it from our side. */
  dismiss(reason: string): void {
    this.#end(reason)
  }

  closed(): void {
    this.#over = true
    this.#timer?.cancel()
  }

  #take(message: ProxyMessage): void {
    if (message.type === 'hello') return this.#greet(message)
    if (!this.#hello) return this.#end('hello must come first')
    switch (message.type) {
      case 'ack':
        return this.#acknowledge(message)
      case 'nack':
        return this.#refuse(message)
      case 'token':
        return void this.#renew(message.token)
      case 'report':
        this.report = message
        return this.#options.reported?.()
      case 'pong':
    }
  }

  #greet(hello: ProxyHello): void {
    const { namespace, name } = this.#identity
    if (this.#hello) return this.#end('hello must come once')
    if (hello.namespace !== namespace || hello.name !== name)
      return this.#end(`its credentials are those of ${namespace}/${name}`)
    this.#hello = true
    this.version = hello.version
    const { epoch, sequence, digest } = hello
    this.#has = digest === '' ? undefined : { epoch, sequence, digest }
    this.#watch(pingMs)
    // First: whom the configuration protects is then decided at once.
    this.offerKeys()
    this.#send()
    if (this.#sent === undefined) this.acknowledged = this.#has
    this.#options.changed()
  }

  #acknowledge({ epoch, sequence, digest }: Served): void {
    this.acknowledged = { epoch, sequence, digest }
    this.refused = undefined
    this.#has = this.acknowledged
    this.#sent = undefined
    this.#options.acknowledged({ epoch, sequence })
    this.#options.changed()
    this.#send()
  }

  /** A delta that does not fit is followed by the whole; a whole that is refused only by something newer. */
  #refuse(nack: Extract<ProxyMessage, { type: 'nack' }>): void {
    const wasWhole = this.#has === undefined
    // At most one is on its way: that is what is refused, also by a proxy that cannot read when it is from.
    const sent = this.#sent
    const moment = sent ?? { epoch: nack.epoch, sequence: nack.sequence }
    this.refused = { moment, problems: nack.problems.slice(0, mostProblems) }
    this.#has = undefined
    this.#sent = undefined
    this.#options.changed()
    if (!wasWhole) return this.#send()
    const next = this.#options.next(undefined)
    if (next !== undefined && sent !== undefined && isOlder(sent, next.moment)) this.#send()
  }

  async #renew(token: string): Promise<void> {
    // When nobody can review it now, the old one counts for as long as it lasts.
    const identity = await this.#options.authenticate(token).catch(() => this.#identity)
    if (this.#over) return
    if (
      identity === undefined ||
      identity.name !== this.name ||
      identity.namespace !== this.namespace
    )
      return this.#end('the new token was not accepted')
    this.#identity = identity
    this.#expiresMs = this.#options.clock.nowMs() + identity.goodForMs
  }

  #send(): void {
    const next = this.#options.next(this.#has)
    if (next === undefined) return
    this.#sent = next.moment
    this.#options.stream.write(next.frame)
  }

  #watch(afterMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.after(afterMs, () => {
      const { clock, stream, ping } = this.#options
      if (!this.#hello) return this.#end('no hello came')
      if (clock.nowMs() - this.#heardMs >= silenceMs) return this.#end('it fell silent')
      if (clock.nowMs() >= this.#expiresMs) return this.#end('its token has expired')
      stream.write(ping)
      this.#watch(pingMs)
    })
  }

  #end(reason: string): void {
    if (this.#over) return
    this.closed()
    this.#options.stream.close(reason)
  }
}
