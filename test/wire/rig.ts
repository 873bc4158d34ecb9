import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import type { Forward, Snapshot } from '../../src/model/snapshot.ts'
import { answersOf, type ReadAnswer } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { type Cuts, cutsOf, deliver, turns } from '../harness/deliver.ts'
import { snapshotOf, startProxy, type TestOptions, type TestProxy } from '../harness/proxy.ts'
import { type Recorded, type Recorder, startRecorder } from '../harness/recorder.ts'

/**
 * The three oracles of hostile-inputs.md for one input in every delivery: what the client is answered, which bytes reach
 * a recording backend, and two canaries: a pipelined request behind the input, and a clean one on a new connection.
 */
export interface Rig {
  readonly proxy: TestProxy
  readonly recorder: Recorder
  /** X4nn, X5nn: one answer, `connection: close`, the end; not a byte reaches a backend, nothing behind it is read. */
  refuses(input: string, status: number): Promise<void>
  /** The same, with one of the answers. */
  refusal(input: string, status: number): Promise<ReadAnswer>
  /** The same for a fault in a body: what has left by then is never a complete message, and its connection goes. */
  refusesBody(input: string, status: number): Promise<void>
  /** The client sends FIN behind the input: no answer, no complete message for a backend, and its connection goes. */
  abandons(input: string): Promise<void>
  /** CANON: exactly this message reaches the backend, see `printed`, and the pipelined canary is answered next. */
  forwards(input: string, message: string): Promise<void>
  /** Answered by the gateway itself, on a connection that goes on. */
  answers(input: string, status: number): Promise<void>
  /** The same, with all the answers. */
  ownAnswers(input: string, status: number): Promise<readonly ReadAnswer[]>
  close(): Promise<void>
}

export interface RigOptions extends Partial<TestOptions> {
  /** Another snapshot than one rule for everything; `port` is the recording backend's. */
  readonly change?: (snapshot: Snapshot, forward: Forward, port: number) => Snapshot
}

export const canary = 'GET /canary HTTP/1.1\r\nhost: canary.example\r\n\r\n'
const canaryMessage = 'GET /canary HTTP/1.1\nhost: canary.example\n'

/** So much is read behind a last answer; for what is more there is a reset. */
const lingerBytes = 64 * 1024

/** Lines become a head. */
export const head = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`

export async function startRig({ change, ...options }: RigOptions = {}): Promise<Rig> {
  const recorder = await startRecorder()
  const limits = { connectionsPerClient: 20_000, ...options.limits }
  const all = { maxConnections: 4000, ...options, limits, ports: [recorder.port] }
  const proxy = await startProxy(all)
  if (change !== undefined) {
    const snapshot = snapshotOf(all)
    const forward = snapshot.hosts[0]?.entries[0]?.rule.action as Forward
    proxy.proxy.apply(change(snapshot, forward, recorder.port))
  }
  return new RunningRig(proxy, recorder)
}

class RunningRig implements Rig {
  readonly proxy: TestProxy
  readonly recorder: Recorder
  #clean = 0

  constructor(proxy: TestProxy, recorder: Recorder) {
    this.proxy = proxy
    this.recorder = recorder
  }

  async refuses(input: string, status: number): Promise<void> {
    await this.refusal(input, status)
  }

  async refusal(input: string, status: number): Promise<ReadAnswer> {
    const { answer, rest } = await this.#refused(input, status)
    expect(rest).toEqual([])
    return answer
  }

  async refusesBody(input: string, status: number): Promise<void> {
    const { rest } = await this.#refused(input, status)
    await abandoned(rest)
  }

  /** @returns an answer, and what backends got and could not read */
  async #refused(
    input: string,
    status: number,
  ): Promise<{ answer: ReadAnswer; rest: readonly Rest[] }> {
    const ways = cutsOf(input)
    await this.#forget()
    const before = await this.#counted()
    const clients = await deliver(this.proxy.port, ways, canary)
    let answer: ReadAnswer | undefined
    for (const [i, client] of clients.entries()) {
      const { answers, rest } = answersOf(await client.untilOver())
      const way = wayOf(ways[i] as Cuts)
      expect([answers.map((answer) => answer.status), rest], way).toEqual([[status], ''])
      expect(answers[0]?.fields, way).toContain('connection: close')
      expect(client.reset && input.length < lingerBytes, way).toBe(false)
      answer = answers[0]
      client.leave()
    }
    expect((await this.#counted()) - before, 'counted').toBe(ways.length)
    const { messages, rest } = await this.#afterwards()
    expect(messages).toEqual([])
    return { answer: answer as ReadAnswer, rest }
  }

  async abandons(input: string): Promise<void> {
    const ways = cutsOf(input)
    await this.#forget()
    const clients = await deliver(this.proxy.port, ways)
    for (const client of clients) client.socket.end()
    for (const client of clients) {
      expect(await client.untilOver()).toBe('')
      client.leave()
    }
    const { messages, rest } = await this.#afterwards()
    expect(messages).toEqual([])
    await abandoned(rest)
  }

  async forwards(input: string, message: string): Promise<void> {
    const ways = cutsOf(input)
    await this.#forget()
    const clients = await deliver(this.proxy.port, ways, canary)
    const [method, target] = message.split(' ')
    for (const [i, client] of clients.entries()) {
      const { answers, rest } = answersOf(await client.until(/GET \/canary$/), [method as string])
      const seen = answers.map(({ status, body }) => brief(`${status} ${body}`))
      const body = method === 'HEAD' ? '' : `${method} ${target}`
      const way = wayOf(ways[i] as Cuts)
      expect([seen, rest], way).toEqual([[brief(`200 ${body}`), '200 GET /canary'], ''])
      client.leave()
    }
    const { messages, rest } = await this.#afterwards()
    expect(rest).toEqual([])
    const arrived = messages.map(printed)
    const canaries = arrived.filter((text) => text === canaryMessage)
    expect(canaries).toHaveLength(ways.length)
    const others = arrived.filter((text) => text !== canaryMessage)
    expect(others).toHaveLength(ways.length)
    expect([...new Set(others)].map(brief)).toEqual([brief(message)])
  }

  async answers(input: string, status: number): Promise<void> {
    await this.ownAnswers(input, status)
  }

  async ownAnswers(input: string, status: number): Promise<readonly ReadAnswer[]> {
    const ways = cutsOf(input)
    await this.#forget()
    const clients = await deliver(this.proxy.port, ways, canary)
    const found: ReadAnswer[] = []
    for (const [i, client] of clients.entries()) {
      const { answers, rest } = answersOf(await client.until(/GET \/canary$/))
      const way = wayOf(ways[i] as Cuts)
      expect([answers.map((answer) => answer.status), rest], way).toEqual([[status, 200], ''])
      found.push(answers[0] as ReadAnswer)
      client.leave()
    }
    const { messages, rest } = await this.#afterwards()
    expect(rest).toEqual([])
    expect(messages.map(printed)).toEqual(ways.map(() => canaryMessage))
    return found
  }

  /** Whatever a case before has left. */
  async #forget(): Promise<void> {
    await turns(2)
    this.recorder.take()
  }

  /** Refusals of any reason, as Prometheus sees them. */
  async #counted(): Promise<number> {
    const text = await this.proxy.proxy.runtime.metrics.metrics.exposition()
    const counts = text.matchAll(/^fairlead_rejected_requests_total\{reason="\w+"\} (\d+)$/gm)
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
  }

  /** A clean request on a new connection gets its own answer; then everything before it has arrived, too. */
  async #afterwards() {
    const target = `/clean/${++this.#clean}`
    const client = new RawClient(this.proxy.port)
    const text = await client
      .send(`GET ${target} HTTP/1.1\r\nhost: clean.example\r\n\r\n`)
      .until(/GET \/clean\/\d+$/)
    expect(answersOf(text).answers.map(({ body }) => body)).toEqual([`GET ${target}`])
    client.leave()
    await turns(4)
    const { messages, rest } = this.recorder.take()
    expect(messages.filter((message) => message.target === target)).toHaveLength(1)
    return { messages: messages.filter((message) => message.target !== target), rest }
  }

  async close(): Promise<void> {
    await this.proxy.close()
    await this.recorder.close()
    expect(this.proxy.errors).toEqual([])
  }
}

type Rest = ReturnType<Recorder['take']>['rest'][number]

/** The beginnings of messages that never became whole, on connections that are gone. */
async function abandoned(rest: readonly Rest[]): Promise<void> {
  for (const { text, socket } of rest) {
    expect(text).toMatch(/^[A-Z]+ \/\S* HTTP\/1\.1\r\nhost: /)
    while (!socket.destroyed) await turns(1)
  }
}

const wayOf = (parts: Cuts): string =>
  parts.length === 2
    ? `split after ${parts[0]?.length}: ${JSON.stringify(parts[0]?.slice(-30))}`
    : `${parts.length} writes`

/** What is too long to be read in a failed test is told by its beginning and its digest. */
const brief = (text: string): string =>
  text.length < 2000
    ? text
    : `${text.slice(0, 100)}… ${text.length} bytes ${createHash('sha1').update(text).digest('hex')}`

/** What the gateway itself says in every request to a backend, once each, of a client on loopback. */
const own = (host: string): Readonly<Record<string, RegExp>> => {
  const literal = host.replace(/[[\].]/g, '\\$&')
  return {
    forwarded: new RegExp(`^for=127\\.0\\.0\\.1;host="${literal}";proto=http$`),
    traceparent: /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/,
    via: /^1\.1 fairlead$/,
    'x-amzn-trace-id': /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/,
    'x-forwarded-for': /^127\.0\.0\.1$/,
    'x-forwarded-host': new RegExp(`^${literal}$`),
    'x-forwarded-port': /^\d{4,5}$/,
    'x-forwarded-proto': /^http$/,
    'x-real-ip': /^127\.0\.0\.1$/,
    'x-request-deadline-ms': /^\d+$/,
    'x-request-id': /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  }
}

/**
 * Request line and fields in order, a line each, then the body; without the gateway's own fields, which must all be
 * there, once, and true.
 */
export function printed({ method, target, fields, body }: Recorded): string {
  const wanted = own(fields[0]?.slice('host: '.length) ?? '')
  const nameOf = (field: string) => field.slice(0, field.indexOf(':'))
  const isOwn = (field: string) => Object.hasOwn(wanted, nameOf(field).toLowerCase())
  const said = Object.fromEntries(
    fields.filter(isOwn).map((field) => [nameOf(field), field.slice(nameOf(field).length + 2)]),
  )
  expect(said).toEqual(
    Object.fromEntries(
      Object.entries(wanted).map(([name, form]) => [name, expect.stringMatching(form)]),
    ),
  )
  const rest = fields.filter((field) => !isOwn(field))
  expect(fields.length - rest.length).toBe(Object.keys(wanted).length)
  return [`${method} ${target} HTTP/1.1`, ...rest, body].join('\n')
}
