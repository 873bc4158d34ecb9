import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FakeClock, fakeClock } from '../../../test/harness/fake-clock.ts'
import { ApiClient } from '../../base/api-client.ts'
import type { Log } from '../../base/log.ts'
import type { ObjectStatus } from '../../model/problem.ts'
import { writeStatus } from './api-status.ts'
import type { StatusCondition } from './status-conditions.ts'
import { StatusWriter } from './status-writer.ts'

interface Stored {
  readonly uid: string
  conditions: StatusCondition[]
}

interface Apply {
  readonly metadata: { readonly uid: string; readonly name: string }
  readonly status: { readonly rules?: number; readonly conditions: readonly StatusCondition[] }
}

/** The status subresource as the API server has it: server-side apply, conditions merged by type and by owner. */
class StatusServer {
  readonly objects = new Map<string, Stored>()
  readonly asked: {
    readonly method: string
    readonly url: URL
    readonly type: string
    readonly body: Apply
  }[] = []
  /** Taken one a request. */
  readonly refusals: number[] = []
  readonly #owned = new Map<string, Set<string>>()
  readonly #server = http.createServer((request, response) => void this.#answer(request, response))

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    let text = ''
    for await (const part of request.setEncoding('utf8')) text += part as string
    const url = new URL(request.url ?? '', 'http://api')
    const body = JSON.parse(text) as Apply
    this.asked.push({
      method: request.method ?? '',
      url,
      type: request.headers['content-type'] ?? '',
      body,
    })
    const status = this.refusals.shift() ?? this.#apply(url, body)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify({ kind: 'Status', reason: http.STATUS_CODES[status], message: 'no' }),
    )
  }

  #apply(url: URL, { metadata, status }: Apply): number {
    const object = this.objects.get(metadata.name)
    if (object === undefined) return 404
    if (object.uid !== metadata.uid) return 409
    const key = `${metadata.name} ${url.searchParams.get('fieldManager')}`
    const before = this.#owned.get(key) ?? new Set()
    const types = new Set(status.conditions.map(({ type }) => type))
    const others = object.conditions.filter(({ type }) => !before.has(type) && !types.has(type))
    object.conditions = [...others, ...status.conditions]
    this.#owned.set(key, types)
    return 200
  }
}

const log: Log = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  isDebug: () => false,
}
const statusOf = (uid: string, own: Partial<ObjectStatus> = {}): ObjectStatus => ({
  kind: 'ApiRoute',
  namespace: 'shop',
  name: 'orders',
  uid,
  generation: 1,
  rules: 2,
  conditions: [
    { type: 'Accepted', status: 'True', reason: 'Accepted', message: '', observedGeneration: 1 },
  ],
  ...own,
})
const foreign: StatusCondition = {
  type: 'Audited',
  status: 'True',
  reason: 'ByHand',
  message: '',
  observedGeneration: 1,
  lastTransitionTime: '2026-01-01T00:00:00Z',
}

let server: StatusServer
let clock: FakeClock
let client: ApiClient
let writer: StatusWriter
let isConnected: boolean
let inFlight: number

beforeEach(async () => {
  server = new StatusServer()
  const address = await server.listen()
  clock = fakeClock()
  isConnected = true
  inFlight = 0
  client = new ApiClient({ server: address, options: async () => ({}) }, clock)
  const proxy = { namespace: 'gateway', name: 'one', version: '', address: '', refused: undefined }
  writer = new StatusWriter({
    clock,
    log,
    written: ({ name }) => server.objects.get(name)?.conditions ?? [],
    write: (status, conditions) => {
      inFlight++
      return writeStatus(client)(status, conditions).finally(() => inFlight--)
    },
    happened: () => {},
    expected: () => [proxy],
    proxies: () =>
      isConnected ? [{ ...proxy, acknowledged: { epoch: 1, sequence: 9, digest: '' } }] : [],
    withheld: () => undefined,
  })
  writer.lead()
})
afterEach(() => {
  writer.close()
  client.close()
  server.close()
})

/** Time in steps of a quarter of a second; what goes over the socket in between is waited for. */
async function pass(ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 250) {
    clock.advance(250)
    do await new Promise((resolve) => setImmediate(resolve))
    while (inFlight > 0)
  }
}

const typesOf = (name = 'orders'): string[] =>
  (server.objects.get(name)?.conditions ?? []).map(({ type }) => type).sort()

describe('C13: what is written on an object', () => {
  test('C13: is applied under our name, on the status alone, for this very object', async () => {
    server.objects.set('orders', { uid: 'u1', conditions: [] })
    writer.update([statusOf('u1')], { epoch: 1, sequence: 1 })
    await pass(2000)
    expect(server.asked).toHaveLength(1)
    const [{ method, url, type, body }] = server.asked as [(typeof server.asked)[number]]
    expect(method).toBe('PATCH')
    expect(type).toBe('application/apply-patch+yaml')
    expect(url.pathname).toBe('/apis/fairlead.dev/v1alpha1/namespaces/shop/apiroutes/orders/status')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      fieldManager: 'fairlead-controller',
      force: 'true',
    })
    expect(body).toMatchObject({ metadata: { namespace: 'shop', name: 'orders', uid: 'u1' } })
    expect(Object.keys(body).sort()).toEqual(['apiVersion', 'kind', 'metadata', 'status'])
    expect(Object.keys(body.status).sort()).toEqual(['conditions', 'rules'])
  })

  test('C13: conditions of others stay, are not repeated by us, and make us write no more than once', async () => {
    server.objects.set('orders', { uid: 'u1', conditions: [foreign] })
    writer.update([statusOf('u1')], { epoch: 1, sequence: 1 })
    await pass(2000)
    expect(typesOf()).toEqual(['Accepted', 'Audited', 'Programmed'])
    expect(server.asked[0]?.body.status.conditions.map(({ type }) => type)).not.toContain('Audited')
    writer.lead()
    await pass(60_000)
    writer.update([statusOf('u1')], { epoch: 2, sequence: 1 })
    await pass(60_000)
    expect(server.asked).toHaveLength(1)
  })

  test('C13: a condition that is over goes, and only that', async () => {
    server.objects.set('orders', { uid: 'u1', conditions: [foreign] })
    const [accepted] = statusOf('u1').conditions
    const lastGood = { ...accepted!, type: 'ServingLastGood', reason: 'ServingLastGood' } as const
    writer.update([statusOf('u1', { conditions: [accepted!, lastGood] })], {
      epoch: 1,
      sequence: 1,
    })
    await pass(2000)
    expect(typesOf()).toContain('ServingLastGood')
    writer.update([statusOf('u1')], { epoch: 1, sequence: 2 })
    await pass(2000)
    expect(typesOf()).toEqual(['Accepted', 'Audited', 'Programmed'])
  })

  test('C13: an object that was made anew meanwhile does not get the status of the one before', async () => {
    server.objects.set('orders', { uid: 'u2', conditions: [] })
    writer.update([statusOf('u1')], { epoch: 1, sequence: 1 })
    await pass(2000)
    expect(server.asked).toHaveLength(1)
    expect(typesOf()).toEqual([])
    writer.update([statusOf('u2')], { epoch: 1, sequence: 2 })
    await pass(20_000)
    expect(typesOf()).toEqual(['Accepted', 'Programmed'])
    expect(server.asked).toHaveLength(2)
  })
})

describe('C13: a write that is refused again and again', () => {
  test.each([404, 409, 403, 422, 429, 500, 503])(
    'C13: with %i it is tried once in five seconds, whether proxies wait or not',
    async (status) => {
      for (const connected of [true, false]) {
        isConnected = connected
        server.refusals.push(...Array(1000).fill(status))
        server.objects.set('orders', { uid: 'u1', conditions: [] })
        writer.update([statusOf('u1')], { epoch: 1, sequence: connected ? 1 : 2 })
        const before = server.asked.length
        await pass(30_000)
        const tries = server.asked.length - before
        expect(tries).toBeGreaterThanOrEqual(4)
        expect(tries).toBeLessThanOrEqual(7)
        server.refusals.length = 0
      }
      await pass(6000)
      expect(typesOf()).toEqual(['Accepted', 'Programmed'])
    },
  )

  test('C13: once the object is gone it is not tried any more', async () => {
    server.refusals.push(...Array(100).fill(404))
    writer.update([statusOf('u1')], { epoch: 1, sequence: 1 })
    await pass(2000)
    writer.update([], { epoch: 1, sequence: 2 })
    const before = server.asked.length
    await pass(30_000)
    expect(server.asked).toHaveLength(before)
  })
})
