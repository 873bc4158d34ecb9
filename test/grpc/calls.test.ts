import { type EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import * as grpc from '@grpc/grpc-js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { backendOver, backendSpec, type Rig, startRig, type Wires } from './gateway.ts'
import { type Backend, get, type Handlers, statusOf } from './peers.ts'

const mib = 1024 * 1024

/** What a handler saw, when it is over. */
class Seen<T> {
  readonly value: Promise<T>
  tell: (value: T) => void = () => {}
  constructor() {
    this.value = new Promise((resolve) => (this.tell = resolve))
  }
}

/** Handlers of one test after the other. */
let cancelled: Seen<boolean>
let metadata: Seen<grpc.Metadata>
let deadlineMs: Seen<number>

const handlers: Handlers = {
  get(call, answer) {
    const what = call.request.toString()
    metadata.tell(call.metadata)
    call.on('cancelled', () => cancelled.tell(true))
    if (what === 'wait') return deadlineMs.tell(Number(call.getDeadline()) - Date.now())
    if (what === 'fail') {
      const trailers = new grpc.Metadata()
      trailers.set('x-order', '7')
      trailers.set('x-order-bin', Buffer.from([0, 255, 10]))
      return answer({ code: grpc.status.NOT_FOUND, details: 'no order – 7 %', metadata: trailers })
    }
    const head = new grpc.Metadata()
    head.set('x-head', 'a')
    head.set('x-head-bin', Buffer.from([1, 254]))
    call.sendMetadata(head)
    const trailers = new grpc.Metadata()
    trailers.set('x-end', 'b')
    trailers.set('x-end-bin', Buffer.from([2, 253]))
    answer(null, Buffer.from(`got ${what}`), trailers)
  },
  put(call, answer) {
    let bytes = 0
    call.on('data', (part: Buffer) => (bytes += part.length))
    call.on('end', () => answer(null, Buffer.from(String(bytes))))
  },
  list(call) {
    const count = Number(call.request.toString())
    if (Number.isNaN(count)) {
      call.on('cancelled', () => cancelled.tell(true))
      call.write(Buffer.from('first'))
      return
    }
    void pour(call, count)
  },
  chat(call) {
    const head = new grpc.Metadata()
    head.set('x-chat', 'open')
    call.sendMetadata(head)
    call.on('data', (part: Buffer) => {
      if (!call.write(part)) {
        call.pause()
        call.once('drain', () => call.resume())
      }
    })
    call.on('end', () => call.end())
    call.on('cancelled', () => cancelled.tell(true))
  },
}

interface Sink extends EventEmitter {
  write(part: Buffer): boolean
  end(): void
}

/** Messages of a MiB, as fast as they are taken. */
async function pour(to: Sink, count: number): Promise<void> {
  const part = Buffer.alloc(mib, 'x')
  for (let sent = 0; sent < count; sent++) if (!to.write(part)) await once(to, 'drain')
  to.end()
}

/** Bytes that the gateway has in memory, and the most it ever had. */
function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kibOf = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1]) * 1024
  return { now: kibOf('VmRSS'), peak: kibOf('VmHWM') }
}

describe.each<Wires>(['plaintext', 'TLS'])('a client and a server of grpc-js, %s', (wires) => {
  let backend: Backend
  let rig: Rig
  beforeAll(async () => {
    backend = await backendOver(wires, handlers)
    rig = await startRig(wires, { backends: [backendSpec(wires, backend.port)] })
  })
  afterAll(async () => {
    await rig.close()
    backend.close()
  })
  beforeEach(() => {
    cancelled = new Seen()
    metadata = new Seen()
    deadlineMs = new Seen()
  })

  test('one question, one answer; metadata and trailers both ways, binary ones too', async () => {
    const asked = new grpc.Metadata()
    asked.set('x-asked', 'c')
    asked.set('x-asked-bin', Buffer.from([3, 252]))
    const outcome = await get(rig.client, 'order 7', asked)
    expect(outcome).toMatchObject({ code: grpc.status.OK, text: 'got order 7' })
    const { head, trailers } = outcome
    const seen = await metadata.value
    expect(seen.get('x-asked')).toEqual(['c'])
    expect(seen.get('x-asked-bin')).toEqual([Buffer.from([3, 252])])
    expect(head.get('x-head')).toEqual(['a'])
    expect(head.get('x-head-bin')).toEqual([Buffer.from([1, 254])])
    expect(trailers.get('x-end')).toEqual(['b'])
    expect(trailers.get('x-end-bin')).toEqual([Buffer.from([2, 253])])
  })

  test('an error comes with its details and its metadata', async () => {
    const { code, details, trailers } = await get(rig.client, 'fail')
    expect({ code, details }).toEqual({ code: grpc.status.NOT_FOUND, details: 'no order – 7 %' })
    expect(trailers.get('x-order')).toEqual(['7'])
    expect(trailers.get('x-order-bin')).toEqual([Buffer.from([0, 255, 10])])
  })

  test('a method that the backend does not have is its own UNIMPLEMENTED', async () => {
    const call = rig.client.makeUnaryRequest(
      '/shop.Orders/Gone',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.from('x'),
      () => {},
    )
    const [{ code, details }] = (await once(call, 'status')) as [grpc.StatusObject]
    expect(code).toBe(grpc.status.UNIMPLEMENTED)
    expect(details).toContain('/shop.Orders/Gone')
  })

  test('a message at a time goes there and back while the call is open', async () => {
    const call = rig.client.chat()
    const status = statusOf(call)
    for (const text of ['one', 'two', 'three']) {
      call.write(Buffer.from(text))
      const [answer] = (await once(call, 'data')) as [Buffer]
      expect(answer.toString()).toBe(text)
    }
    call.end()
    expect((await status).code).toBe(grpc.status.OK)
  })

  test('many questions, one answer', async () => {
    let answer = ''
    const call = rig.client.put(new grpc.Metadata(), {}, (_, got) => (answer = String(got)))
    const over = once(call, 'status') as Promise<[grpc.StatusObject]>
    await pour(call, 3)
    expect((await over)[0].code).toBe(grpc.status.OK)
    await new Promise<void>((resolve) => setImmediate(resolve))
    expect(Number(answer)).toBe(3 * mib)
  })

  test('metadata comes before there is any message', async () => {
    const call = rig.client.chat()
    const status = statusOf(call)
    const [head] = (await once(call, 'metadata')) as [grpc.Metadata]
    expect(head.get('x-chat')).toEqual(['open'])
    call.write(Buffer.from('one'))
    expect(String((await once(call, 'data'))[0])).toBe('one')
    call.end()
    expect((await status).code).toBe(grpc.status.OK)
  })

  test('100 MiB each way at the same time, in bounded memory', async () => {
    const { pid } = rig.gateway.program
    const before = memoryOf(pid)
    const call = rig.client.chat()
    const status = statusOf(call)
    let bytes = 0
    call.on('data', (part: Buffer) => (bytes += part.length))
    await pour(call, 100)
    expect((await status).code).toBe(grpc.status.OK)
    expect(bytes).toBe(100 * mib)
    // What grows is the garbage of young objects.
    expect(memoryOf(pid).peak - before.now).toBeLessThan(100 * mib)
  })

  test('a client that reads nothing holds up the backend, and not the gateway', async () => {
    const { pid } = rig.gateway.program
    const before = memoryOf(pid)
    const call = rig.client.list(Buffer.from('100'))
    const status = statusOf(call)
    await once(call, 'metadata')
    // Other calls are not held up by it.
    for (let i = 0; i < 50; i++) expect((await get(rig.client)).code).toBe(grpc.status.OK)
    expect(memoryOf(pid).now - before.now).toBeLessThan(50 * mib)
    let bytes = 0
    call.on('data', (part: Buffer) => (bytes += part.length))
    expect((await status).code).toBe(grpc.status.OK)
    expect(bytes).toBe(100 * mib)
  })

  test('a client that cancels: the handler is told', async () => {
    const call = rig.client.list(Buffer.from('for ever'))
    const status = statusOf(call)
    await once(call, 'data')
    call.cancel()
    expect((await status).code).toBe(grpc.status.CANCELLED)
    expect(await cancelled.value).toBe(true)
  })

  test('a deadline ends the call on both sides; the backend knows it from the beginning', async () => {
    const options = { deadline: Date.now() + 400 }
    const { code } = await get(rig.client, 'wait', undefined, options)
    expect(code).toBe(grpc.status.DEADLINE_EXCEEDED)
    expect(await deadlineMs.value).toBeLessThanOrEqual(400)
    expect(await cancelled.value).toBe(true)
  })
})
