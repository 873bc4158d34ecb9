import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ApiServer, cut, refusal, silent } from '../../../test/harness/api-server.ts'
import { type FakeClock, fakeClock } from '../../../test/harness/fake-clock.ts'
import { ApiClient } from '../../base/api-client.ts'
import type { Dice } from '../../base/dice.ts'
import type { Log } from '../../base/log.ts'
import { type RawObject, Reflector, type ReflectorStore } from './reflector.ts'

const quiet: Log = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  isDebug: () => false,
}

/** What a store was told, and what that leaves in it. */
class Told implements ReflectorStore {
  readonly names = new Set<string>()
  /** Sizes after each whole list. */
  readonly lists: number[] = []

  get size(): number {
    return this.names.size
  }

  replace(objects: readonly RawObject[]): void {
    this.names.clear()
    for (const { metadata } of objects) this.names.add(metadata.name)
    this.lists.push(objects.length)
  }

  put({ metadata }: RawObject): void {
    this.names.add(metadata.name)
  }

  remove({ metadata }: RawObject): void {
    this.names.delete(metadata.name)
  }
}

let server: ApiServer
let clock: FakeClock
let client: ApiClient
let store: Told
let reflector: Reflector
let restarts: number
let tokens: number

beforeEach(async () => {
  server = new ApiServer()
  const url = await server.listen()
  clock = fakeClock()
  tokens = 0
  client = new ApiClient(
    {
      server: url,
      options: async () => ({ headers: { authorization: `Bearer ${tokens++}` } }),
    },
    clock,
  )
  restarts = 0
})
afterEach(() => {
  reflector.close()
  client.close()
  server.close()
})

/** Dice of one half: every wait is half of its longest. */
function start(
  names: readonly string[] = ['a', 'b'],
  dice: Dice = () => 0.5,
  optional = false,
): void {
  for (const name of names) server.put(name)
  store = new Told()
  const resource = { kind: 'ApiRoute', apiVersion: 'v1', path: '/routes', optional }
  const restarted = () => void restarts++
  reflector = new Reflector({
    client,
    clock,
    dice,
    log: quiet,
    resource,
    store,
    restarted,
    synced: () => {},
  })
  void reflector.run()
}

/** Lets real sockets talk, and time pass in small steps, until it is so. */
async function until(isSo: () => boolean, stepMs = 0): Promise<void> {
  for (let turn = 0; turn < 5000; turn++) {
    if (isSo()) return
    await new Promise((resolve) => setImmediate(resolve))
    if (stepMs > 0) clock.advance(stepMs)
  }
  throw new Error(`never: ${isSo}; asked ${server.asked.join(', ')}`)
}

/** Time for what must not happen. */
const pass = async (turns = 30): Promise<void> => {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const has =
  (...names: string[]) =>
  () =>
    store.size === names.length && names.every((name) => store.names.has(name))

const running = () => until(() => server.watching === 1)

describe('a list and a watch', () => {
  test('what is there, and what comes, changes and goes', async () => {
    start()
    await running()
    expect(reflector.synced).toBe(true)
    server.put('c')
    server.remove('a')
    await until(has('b', 'c'))
    expect(store.lists).toEqual([2])
  })

  test('a list comes in pages, and is one list', async () => {
    start(Array.from({ length: 1201 }, (_, i) => `r${i}`))
    await running()
    expect(store.lists).toEqual([1201])
    expect(server.asked.slice(0, 3)).toEqual(['list', 'list 500', 'list 1000'])
  })

  test('K3 a page that is missing leaves what was known, and what is not whole is not believed', async () => {
    for (let i = 0; i < 600; i++) server.put(`r${i}`)
    server.listFaults.push(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(
          JSON.stringify({ metadata: { resourceVersion: '1', continue: '500' }, items: [] }),
        )
      },
      refusal(500, 'InternalError'),
    )
    start([])
    await until(() => server.asked.length === 2)
    await pass()
    expect(reflector.synced).toBe(false)
    await until(() => reflector.synced, 50)
    expect(store.lists).toEqual([600])
  })

  test('a definition that is not installed is none, and is found when it comes', async () => {
    server.listFaults.push(refusal(404, 'NotFound'))
    start(['a'], () => 0.5, true)
    await until(() => reflector.synced)
    expect(store.size).toBe(0)
    clock.advance(30_000)
    await until(has('a'))
  })
})

describe('K1 the API server is in trouble', () => {
  test.each([
    { what: '429', fault: refusal(429, 'TooManyRequests') },
    { what: '500', fault: refusal(500, 'InternalError') },
    { what: '503', fault: refusal(503, 'ServiceUnavailable') },
    { what: '401', fault: refusal(401, 'Unauthorized') },
    { what: '403', fault: refusal(403, 'Forbidden') },
    { what: 'a cut connection', fault: cut },
  ])('K1 $what: what is known stays, and it goes on from where it was', async ({ fault }) => {
    start()
    await running()
    server.watchFaults.push(fault, fault, fault)
    server.cutWatches()
    await until(() => restarts === 1)
    server.put('c')
    expect(has('a', 'b')()).toBe(true)
    await until(has('a', 'b', 'c'), 50)
    expect(store.lists).toEqual([2])
    expect(restarts).toBe(4)
  })

  test('K1 waits grow to ten seconds, anywhere below by chance', async () => {
    const rolls = [0, 0.999, 0.25]
    start(['a'], () => rolls[restarts % rolls.length] as number)
    await running()
    for (let i = 0; i < 60; i++) server.watchFaults.push(refusal(503, 'ServiceUnavailable'))
    server.cutWatches()
    const waits: number[] = []
    for (let i = 0; i < 30; i++) {
      const before = restarts
      const sinceMs = clock.nowMs()
      await until(() => restarts > before, 100)
      waits.push(clock.nowMs() - sinceMs)
    }
    expect(Math.max(...waits)).toBeGreaterThan(8000)
    expect(Math.max(...waits)).toBeLessThanOrEqual(12_000)
    expect(Math.min(...waits.slice(5))).toBeLessThan(1000)
  })

  test('K1 a server that takes a request and never answers is given up after half a minute', async () => {
    start()
    await running()
    server.watchFaults.push(silent)
    server.cutWatches()
    await until(() => server.asked.filter((text) => text.startsWith('watch')).length === 2, 100)
    server.put('c')
    await until(has('a', 'b', 'c'), 500)
  })

  test('K9 who we are is shown anew with each request', async () => {
    start()
    await running()
    server.cutWatches()
    await until(() => server.asked.length === 3, 50)
    expect(tokens).toBe(3)
  })

  test('K2 a hundred broken watches leave no connection behind', async () => {
    start()
    for (let i = 0; i < 100; i++) {
      await until(() => server.watching === 1, 100)
      server.cutWatches()
    }
    await until(() => server.watching === 1, 100)
    expect(await server.connections()).toBeLessThan(10)
    expect(store.lists).toEqual([2])
  })
})

describe('K2 the place is forgotten', () => {
  test('K2 410 as an answer: listed anew at once, in one step', async () => {
    start()
    await running()
    server.quietly(() => {
      server.remove('a')
      server.put('c')
    })
    server.cutWatches()
    await until(has('b', 'c'), 50)
    expect(store.lists).toEqual([2, 2])
  })

  test('K2 410 as an event of the stream', async () => {
    start()
    await running()
    server.quietly(() => server.put('c'))
    server.send(
      JSON.stringify({
        type: 'ERROR',
        object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' },
      }),
    )
    await until(has('a', 'b', 'c'))
    expect(restarts).toBe(0)
  })

  test('K2 any other error of the stream is gone on from', async () => {
    start()
    await running()
    server.send(
      JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 500, message: 'etcd' } }),
    )
    server.put('c')
    await until(has('a', 'b', 'c'), 50)
    expect(store.lists).toEqual([2])
  })

  test.each(['not json', '{}', 'null', '{"type":"ADDED","object":{"metadata":{"name":"x"}}}'])(
    'K2 an event that cannot be read (%s) does not come again and again: listed anew',
    async (line) => {
      start()
      await running()
      server.send(line)
      server.put('c')
      await until(() => store.lists.length === 2 && server.watching === 1, 50)
      expect(has('a', 'b', 'c')()).toBe(true)
    },
  )

  test('K2 bookmarks move the place along', async () => {
    start()
    await running()
    server.bookmark()
    await pass()
    server.forget()
    server.cutWatches()
    await until(() => server.asked.length === 3 && server.watching === 1, 50)
    expect(store.lists).toEqual([2])
  })

  test('K2 a stream that has silently died is noticed within a minute and a half', async () => {
    start()
    await running()
    server.quietly(() => server.put('c'))
    clock.advance(89_000)
    await pass()
    expect(has('a', 'b')()).toBe(true)
    clock.advance(2000)
    await until(has('a', 'b', 'c'), 50)
  })
})

describe('K3 lists that lose too much', () => {
  const ten = Array.from({ length: 10 }, (_, i) => `r${i}`)
  const shrunk = (count: number) => ten.slice(0, count)

  async function relist(remaining: readonly string[]): Promise<void> {
    start(ten)
    await running()
    server.quietly(() => {
      for (const name of ten) if (!remaining.includes(name)) server.remove(name)
    })
    server.cutWatches()
  }

  test('K3 an empty list is held until a second one agrees, two seconds later', async () => {
    await relist([])
    await until(() => server.asked.filter((text) => text === 'list').length === 2, 50)
    await pass()
    expect(store.size).toBe(10)
    clock.advance(1500)
    await pass()
    expect(store.size).toBe(10)
    await until(() => store.size === 0, 100)
  })

  test('K3 one that was empty by mistake changes nothing', async () => {
    await relist(ten)
    server.listFaults.push((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ metadata: { resourceVersion: '999' }, items: [] }))
    })
    await until(() => store.lists.length === 2, 100)
    expect(store.lists).toEqual([10, 10])
  })

  test('K3 half of it gone is believed at once', async () => {
    await relist(shrunk(5))
    await until(() => store.size === 5, 1)
    expect(store.lists).toEqual([10, 5])
    expect(server.asked.filter((text) => text === 'list')).toHaveLength(2)
  })

  test('K3 deletions that the watch shows are never held', async () => {
    start(ten)
    await running()
    for (const name of ten) server.remove(name)
    await until(() => store.size === 0)
  })

  test.each([
    { what: 'an error', fault: refusal(403, 'Forbidden') },
    { what: 'no list', fault: refusal(200, 'Odd') },
  ])('K3 $what instead of a list removes nothing', async ({ fault }) => {
    await relist(ten)
    server.listFaults.push(fault, fault, fault)
    await until(() => server.asked.filter((text) => text === 'list').length === 4, 50)
    expect(store.size).toBe(10)
  })
})

describe('C12 objects that come and go quickly', () => {
  test('C12 deleted and made anew within an instant: the last state counts', async () => {
    start(['a'])
    await running()
    for (let i = 0; i < 50; i++) {
      server.remove('a')
      server.put('a', {}, `uid-${i}`)
    }
    server.remove('a')
    server.put('b')
    await until(has('b'))
  })
})
