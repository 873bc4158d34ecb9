import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { turns } from '../harness/deliver.ts'
import { fakeClock } from '../harness/fake-clock.ts'
import { startProxy } from '../harness/proxy.ts'
import { answering, ok, startUpstream } from '../harness/upstream.ts'

const get = 'GET /events HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\r\n'
const sse = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'
const chunked = `${sse}transfer-encoding: chunked\r\n\r\n`
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
const event = (n: number): string => `id: ${n}\ndata: event ${n}\n\n`

describe('W4 a stream', () => {
  test.each([
    ['in chunks', chunked, chunk],
    ['until the close', `${sse}\r\n`, (text: string) => text],
  ])('%s: its head, and every event, arrive before the next is there', async (_, head, print) => {
    const upstream = await startUpstream(answering(head))
    const proxy = await startProxy({ ports: [upstream.port] })
    const client = new RawClient(proxy.port).send(get)
    expect(await client.until(/\r\n\r\n/)).toMatch(/content-type: text\/event-stream\r\n/)
    for (let n = 0; n < 20; n++) {
      upstream.connections[0]?.socket.write(print(event(n)))
      expect(await client.until(new RegExp(`event ${n}\n\n`))).toContain(event(n))
    }
    client.leave()
    await proxy.close()
    await upstream.close()
  })

  test('lives as long as something comes: no clock but idle is over it, and idle cuts it', async () => {
    const clock = fakeClock()
    const upstream = await startUpstream(answering(chunked))
    const timeouts = {
      requestMs: 30_000,
      backendRequestMs: 30_000,
      connectMs: 1000,
      idleMs: 60_000,
    }
    const proxy = await startProxy({ ports: [upstream.port], rule: { timeouts }, clock })
    const client = new RawClient(proxy.port).send(get)
    await client.until(/\r\n\r\n/)
    // A byte a minute, for a day.
    for (let n = 0; n < 24 * 60; n++) {
      if (n % 60 === 0) clock.advance(59_000)
      else clock.leap(59_000)
      upstream.connections[0]?.socket.write(chunk(':'))
      while (client.text.split('1\r\n:').length < n + 2 && !client.over) await turns(1)
    }
    expect(client.over).toBe(false)
    clock.advance(60_100)
    await client.untilOver()
    expect(client.text).not.toMatch(/\r\n0\r\n\r\n$/)
    expect(proxy.finished[0]?.failureDetail).toMatchObject({ clock: 'idle', limitMs: 60_000 })
    while (upstream.connections[0]?.socket.destroyed === false) await turns(1)
    await proxy.close()
    await upstream.close()
  }, 20_000)

  test.each([
    ['resets', (client: RawClient) => client.leave()],
    ['closes', (client: RawClient) => client.close()],
  ])('whose client %s is cancelled at the backend, though nothing comes', async (_, leave) => {
    const upstream = await startUpstream(answering(chunked + chunk(event(0))))
    const clocks = { halfCloseGraceMs: 100 }
    const proxy = await startProxy({ ports: [upstream.port], clocks })
    const client = new RawClient(proxy.port).send(get)
    await client.until(/event 0/)
    leave(client)
    while (upstream.connections[0]?.socket.destroyed === false) await turns(1)
    while (proxy.finished.length === 0) await turns(1)
    expect(proxy.finished[0]?.attempts?.at(-1)?.outcome).toBe('client_gone')
    await proxy.close()
    await upstream.close()
  })

  test('whose client is slow waits at the backend', async () => {
    const upstream = await startUpstream(answering(chunked))
    const proxy = await startProxy({ ports: [upstream.port] })
    const client = new RawClient(proxy.port).send(get)
    await client.until(/\r\n\r\n/)
    client.socket.pause()
    const backend = upstream.connections[0]!.socket
    const large = chunk('x'.repeat(64 * 1024))
    for (let n = 0; n < 1000; n++) backend.write(large)
    await turns(500)
    // Kernel buffers have some; the gateway has what it read last.
    expect(backend.writableLength).toBeGreaterThan(0)
    client.leave()
    await proxy.close()
    await upstream.close()
  })
})

describe('W6 an answer', () => {
  test('that stalls behind its head is cut, and never ends well', async () => {
    const clock = fakeClock()
    const upstream = await startUpstream(answering(`${chunked}5\r\nhe`))
    const proxy = await startProxy({ ports: [upstream.port], clock })
    const client = new RawClient(proxy.port).send(get)
    await client.until(/he/)
    clock.advance(5100)
    await client.untilOver()
    expect(client.text).not.toMatch(/0\r\n\r\n$/)
    expect(proxy.finished[0]?.failure?.code).toBe('upstream_timeout')
    await proxy.close()
    await upstream.close()
  })

  test('with 103 before it: the hints are passed on, and are not the answer', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n'
    const upstream = await startUpstream(answering(hints))
    const proxy = await startProxy({ ports: [upstream.port] })
    const client = new RawClient(proxy.port).send(get)
    expect(await client.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nlink: /)
    expect(proxy.finished).toEqual([])
    upstream.connections[0]?.socket.write(ok('final'))
    const text = await client.until(/final$/)
    const { answers } = answersOf(text.slice(text.indexOf('\r\n\r\n') + 4))
    expect(answers.map(({ status, body }) => [status, body])).toEqual([[200, 'final']])
    client.leave()
    await proxy.close()
    await upstream.close()
  })

  test('with 103 before it, and then nothing, is 504 of the client', async () => {
    const clock = fakeClock()
    const upstream = await startUpstream(answering('HTTP/1.1 103 x\r\nlink: </a>\r\n\r\n'))
    const retry = { attempts: 0, on: [], statuses: [], backoffMs: 1 }
    const forward = { retry: { ...retry, budgetPercent: 20, idempotencyKeys: 'Never' as const } }
    const proxy = await startProxy({ ports: [upstream.port], clock, forward })
    const client = new RawClient(proxy.port).send(get)
    await client.until(/103 /)
    clock.advance(5100)
    expect(await client.until(/\}$/)).toMatch(/HTTP\/1\.1 504 /)
    client.leave()
    await proxy.close()
    await upstream.close()
  })
})

test('EventSource: events as they come, and on from the last one when a stream has ended', async () => {
  const upstream = await startUpstream(({ socket }, part) => {
    const id = /\r\nlast-event-id: (\d+)\r\n/i.exec(part)?.[1]
    const from = id === undefined ? 0 : Number(id) + 1
    if (from > 3) return void socket.write(chunked + chunk('id: 9\ndata: leave\n\n'))
    socket.write(
      `${chunked}${chunk(`retry: 10\n${event(from)}`)}${chunk(event(from + 1))}0\r\n\r\n`,
    )
  })
  const proxy = await startProxy({ ports: [upstream.port] })
  const script = fileURLToPath(new URL('event-source.mjs', import.meta.url))
  const url = `http://127.0.0.1:${proxy.port}/events`
  const flags = ['--no-warnings', '--experimental-eventsource']
  const child = spawn(process.execPath, [...flags, script, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  expect((await once(child, 'close'))[0]).toBe(0)
  expect(said.split('\n').filter((line) => /^\d/.test(line))).toEqual([
    '0 event 0',
    '1 event 1',
    '2 event 2',
    '3 event 3',
    '9 leave',
  ])
  expect(said.match(/error/g)).toHaveLength(2)
  await proxy.close()
  await upstream.close()
}, 20_000)
