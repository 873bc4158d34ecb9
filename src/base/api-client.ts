import type { IncomingMessage } from 'node:http'
import http from 'node:http'
import https from 'node:https'
import type { Clock } from './clock.ts'

/** Where the API server is and how we show who we are. Read anew for each request: tokens and authorities rotate (K9). */
export interface ApiAccess {
  readonly server: string
  options(): Promise<https.RequestOptions>
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  readonly signal?: AbortSignal
}

/** What the API server answered instead of what was asked for: its own words, and the status. */
export class ApiError extends Error {
  readonly status: number
  /** `Status.reason`, such as `Conflict`, `AlreadyExists`, `Expired`. */
  readonly reason: string

  constructor(status: number, reason: string, message: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}

const requestMs = 30_000
/** 500 objects of at most 3 MiB are never this large; a hostile or broken server could be. */
const largestAnswer = 512 * 1024 * 1024

/** The API server, over one agent with kept connections. */
export class ApiClient {
  readonly #access: ApiAccess
  readonly #clock: Clock
  readonly #agent: http.Agent
  readonly #base: URL

  constructor(access: ApiAccess, clock: Clock) {
    this.#access = access
    this.#clock = clock
    this.#base = new URL(access.server)
    const options = { keepAlive: true, maxSockets: 32, maxFreeSockets: 8, timeout: 120_000 }
    this.#agent =
      this.#base.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options)
  }

  /** The parsed answer of a 2xx; throws an ApiError for any other, and what Node throws when there is none. */
  async request<Answer>(request: ApiRequest): Promise<Answer> {
    const response = await this.#send(request)
    const text = await this.#text(response)
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return (text === '' ? undefined : JSON.parse(text)) as Answer
    throw errorOf(status, text)
  }

  /**
   * Reads a watch line by line until the server ends it. Rejects when it was refused, is cut, or when nothing has come for
   * `idleMs`: a connection that has silently died looks just like a quiet one.
   */
  async watch(
    path: string,
    idleMs: number,
    signal: AbortSignal,
    line: (text: string) => void,
  ): Promise<void> {
    const response = await this.#send({ method: 'GET', path, signal })
    if (response.statusCode !== 200)
      throw errorOf(response.statusCode ?? 0, await this.#text(response))
    let rest = ''
    let timer = this.#idle(response, idleMs)
    try {
      for await (const part of response.setEncoding('utf8')) {
        timer.cancel()
        timer = this.#idle(response, idleMs)
        const lines = (rest + (part as string)).split('\n')
        rest = lines.pop() ?? ''
        if (rest.length > largestAnswer) throw new Error('a line is too long')
        for (const text of lines) if (text !== '') line(text)
      }
    } finally {
      timer.cancel()
      response.destroy()
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #idle(response: IncomingMessage, idleMs: number) {
    return this.#clock.after(idleMs, () => response.destroy(new Error('the watch fell silent')))
  }

  async #send({ method, path, body, contentType, signal }: ApiRequest): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const access = await this.#access.options()
    const options: https.RequestOptions = {
      ...access,
      agent: this.#agent,
      method,
      host: this.#base.hostname,
      port: this.#base.port,
      path: `${this.#base.pathname.replace(/\/$/, '')}${path}`,
      headers: {
        ...access.headers,
        accept: 'application/json',
        'user-agent': 'fairlead-controller',
        ...(text !== undefined && {
          'content-type': contentType ?? 'application/json',
          'content-length': Buffer.byteLength(text),
        }),
      },
      ...(signal !== undefined && { signal }),
    }
    return new Promise((resolve, reject) => {
      const send = this.#base.protocol === 'https:' ? https.request : http.request
      const request = send(options, (response) => {
        timer.cancel()
        resolve(response)
      })
      const timer = this.#clock.after(requestMs, () =>
        request.destroy(new Error('the API server does not answer')),
      )
      request.on('error', (error) => {
        timer.cancel()
        reject(error)
      })
      request.end(text)
    })
  }

  async #text(response: IncomingMessage): Promise<string> {
    const timer = this.#idle(response, requestMs)
    let text = ''
    try {
      for await (const part of response.setEncoding('utf8')) {
        text += part as string
        if (text.length > largestAnswer) throw new Error('the answer is too large')
      }
    } finally {
      timer.cancel()
    }
    return text
  }
}

function errorOf(status: number, text: string): ApiError {
  const answer = parse(text) as { reason?: unknown; message?: unknown } | undefined
  const reason = typeof answer?.reason === 'string' ? answer.reason : ''
  const message = typeof answer?.message === 'string' ? answer.message : text.slice(0, 200)
  return new ApiError(status, reason, `${status} ${message}`)
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
