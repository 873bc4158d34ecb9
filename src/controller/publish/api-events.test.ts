import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ApiClient } from '../../base/api-client.ts'
import { systemClock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { ObjectStatus } from '../../model/problem.ts'
import { EventWriter } from './api-events.ts'
import type { ObjectEvent } from './events.ts'

interface Written {
  readonly metadata: { readonly name: string }
  count: number
}

/** Events by name, as an API server keeps them: one of a name, which may be forgotten. */
const events = new Map<string, Written>()
const asked: string[] = []
let server: http.Server
let client: ApiClient
let writer: EventWriter
const quiet = { debug: () => {} } as unknown as Log

beforeEach(async () => {
  events.clear()
  asked.length = 0
  server = http.createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  client = new ApiClient({ server: url, options: async () => ({ headers: {} }) }, systemClock)
  writer = new EventWriter({ client, clock: systemClock, log: quiet, identity: 'controller-1' })
})
afterEach(() => {
  writer.close()
  client.close()
  server.close()
})

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  let text = ''
  for await (const part of request.setEncoding('utf8')) text += part as string
  const body = JSON.parse(text) as Written
  const name =
    request.method === 'POST' ? body.metadata.name : (request.url ?? '').split('/').at(-1)
  const known = events.get(name ?? '')
  const status = request.method === 'POST' ? (known ? 409 : 201) : known ? 200 : 404
  asked.push(`${request.method} ${status}`)
  if (status === 201) events.set(name ?? '', body)
  if (status === 200 && known !== undefined) known.count = body.count
  response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
}

const about: ObjectStatus = {
  kind: 'ApiRoute',
  namespace: 'shop',
  name: 'orders',
  uid: 'u1',
  generation: 2,
  conditions: [],
}
const conflict: ObjectEvent = { type: 'Warning', reason: 'Conflicted', message: 'came second' }

async function tell(event: ObjectEvent, requests: number): Promise<void> {
  const before = asked.length
  writer.tell(about, [event])
  while (asked.length < before + requests) await new Promise((resolve) => setTimeout(resolve, 5))
  // The answer has to come back, too.
  await new Promise((resolve) => setTimeout(resolve, 60))
}

test('an Event tells what happened to which object, and who says so', async () => {
  await tell(conflict, 1)
  expect([...events.values()]).toMatchObject([
    {
      involvedObject: { kind: 'ApiRoute', namespace: 'shop', name: 'orders', uid: 'u1' },
      type: 'Warning',
      reason: 'Conflicted',
      message: 'came second',
      reportingInstance: 'controller-1',
      count: 1,
    },
  ])
})

test('the same thing told again counts up; another one is another Event', async () => {
  await tell(conflict, 1)
  await tell(conflict, 1)
  await tell({ ...conflict, message: 'came third' }, 1)
  expect([...events.values()].map(({ count }) => count)).toEqual([2, 1])
  expect(asked).toEqual(['POST 201', 'PATCH 200', 'POST 201'])
})

test('one that the API server has forgotten is made anew; one that an earlier controller made is counted up', async () => {
  await tell(conflict, 1)
  events.clear()
  await tell(conflict, 2)
  const next = new EventWriter({ client, clock: systemClock, log: quiet, identity: 'controller-2' })
  writer.close()
  writer = next
  await tell(conflict, 2)
  expect(asked).toEqual(['POST 201', 'PATCH 404', 'POST 201', 'POST 409', 'PATCH 200'])
  expect([...events.values()].map(({ count }) => count)).toEqual([2])
})
