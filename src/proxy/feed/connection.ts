import https from 'node:https'
import type { Clock, Timer } from '../../base/clock.ts'
import { FrameReader, frame } from '../../model/frame.ts'
import { pushPath, takes, takesHeader } from '../../model/push-message.ts'

/** Silence after which a connection counts as dead: three pings. */
const silenceMs = 30_000
const connectMs = 5000

export interface FeedTarget {
  readonly address: string
  readonly port: number
  /** Name that the controller's certificate must carry. */
  readonly servername: string
}

/** How a proxy shows who it is, and whom it believes. Read anew for each connection: all of it rotates. */
export interface FeedCredentials {
  /** PEM of the authorities of the controller. */
  readonly ca: string
  readonly token?: string
  readonly cert?: string
  readonly key?: string
}

export interface FeedConnectionOptions {
  readonly clock: Clock
  readonly target: FeedTarget
  readonly credentials: FeedCredentials
  /** One message at a time; the next is not read before it has resolved. */
  readonly message: (text: string, send: (text: string) => void) => Promise<void>
  /** @returns what is to be done when it is over */
  readonly opened: (send: (text: string) => void, takesReports: boolean) => () => void
  /** One was announced that is over the limit; it is passed over. */
  readonly tooLarge: (bytes: number, send: (text: string) => void) => void
  /** Bytes that a message may have. */
  readonly largest: number
  readonly signal: AbortSignal
}

/** One subscription, for as long as it lasts. Rejects with why it could not be made or has ended. */
export function subscribe(options: FeedConnectionOptions): Promise<never> {
  return new Promise((_, reject) => {
    const connection = new FeedConnection(options, reject)
    connection.open()
  })
}

class FeedConnection {
  readonly #options: FeedConnectionOptions
  readonly #reader: FrameReader
  readonly #over: (error: Error) => void
  #request: ReturnType<typeof https.request> | undefined
  #timer: Timer | undefined
  #closed: (() => void) | undefined

  constructor(options: FeedConnectionOptions, over: (error: Error) => void) {
    this.#options = options
    const { largest, tooLarge } = options
    this.#reader = new FrameReader(largest, (bytes) => tooLarge(bytes, this.#send))
    this.#over = over
  }

  open(): void {
    const { target, credentials, signal } = this.#options
    const { ca, token, cert, key } = credentials
    const request = https.request({
      host: target.address,
      port: target.port,
      servername: target.servername,
      path: pushPath,
      method: 'POST',
      agent: false,
      ca,
      ...(cert !== undefined && { cert, key }),
      minVersion: 'TLSv1.3',
      headers: {
        host: target.servername,
        'content-type': 'application/octet-stream',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        [takesHeader]: 'keys',
      },
    })
    this.#request = request
    signal.addEventListener('abort', this.#aborted, { once: true })
    request.on('response', (response) => this.#answered(response))
    request.on('error', (error) => this.#end(error))
    request.on('close', () => this.#end(new Error('the connection was closed')))
    request.flushHeaders()
    this.#expect(connectMs)
  }

  #answered(response: import('node:http').IncomingMessage): void {
    response.on('error', (error) => this.#end(error))
    if (response.statusCode !== 200) return this.#refused(response)
    this.#expect(silenceMs)
    this.#closed = this.#options.opened(this.#send, takes(response.headers[takesHeader], 'report'))
    void this.#read(response)
  }

  readonly #send = (text: string): void => void this.#request?.write(frame(text))

  /** Reads on only when the messages before are dealt with: the controller cannot outrun us. */
  async #read(response: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const chunk of response) {
        this.#expect(silenceMs)
        for (const text of this.#reader.push(chunk) ?? [])
          await this.#options.message(text, this.#send)
      }
      throw new Error('the controller ended the connection')
    } catch (error) {
      this.#end(error as Error)
    }
  }

  #refused(response: import('node:http').IncomingMessage): void {
    let text = ''
    response.setEncoding('utf8').on('data', (part: string) => {
      text = (text + part).slice(0, 1000)
    })
    response.on('end', () => this.#end(new Error(`refused with ${response.statusCode}: ${text}`)))
  }

  #expect(withinMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.after(withinMs, () =>
      this.#end(new Error('the controller fell silent')),
    )
  }

  readonly #aborted = (): void => this.#end(new Error('stopped'))

  #end(error: Error): void {
    this.#timer?.cancel()
    this.#options.signal.removeEventListener('abort', this.#aborted)
    this.#request?.destroy()
    this.#closed?.()
    this.#closed = undefined
    this.#over(error)
  }
}
