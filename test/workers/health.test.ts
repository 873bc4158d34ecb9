import { once } from 'node:events'
import http from 'node:http'
import type net from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../harness/client.ts'
import { type Program, startProgram } from '../harness/program.ts'

interface Backends {
  readonly workers: readonly {
    readonly worker: number
    readonly answer: readonly {
      readonly cluster: string
      readonly endpoints: readonly { readonly healthy: boolean; readonly ejected: boolean }[]
    }[]
  }[]
}

interface Backend {
  readonly port: number
  readonly probes: string[]
  health: number
  status: number
  close(): void
}

async function startBackend(): Promise<Backend> {
  const backend = { port: 0, probes: [] as string[], health: 200, status: 200, close: () => {} }
  const server = http.createServer((request, response) => {
    if (request.url === '/healthz') backend.probes.push(request.url)
    response.writeHead(request.url === '/healthz' ? backend.health : backend.status).end('ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  backend.port = (server.address() as net.AddressInfo).port
  backend.close = () => {
    server.closeAllConnections()
    server.close()
  }
  return backend
}

const route = (ports: readonly number[]) => `
apiVersion: fairlead.dev/v1alpha1
kind: ApiRoute
metadata: { name: a, namespace: shop }
spec:
  hostnames: ['*']
  defaults: { authorize: { public: true } }
  rules:
    - name: probed
      matches: [{ path: { prefix: /probed } }]
      retry: { on: [503], attempts: 0 }
      health: { passive: { ejectFor: 100ms }, active: { path: /healthz, interval: 1h, unhealthyInterval: 100ms, timeout: 10s, unhealthy: 1, healthy: 1 } }
      backends: [{ name: a, url: "http://127.0.0.1:${ports[0]}" }]
    - name: met
      matches: [{ path: { prefix: /met } }]
      retry: { on: [503], attempts: 0 }
      backends:
        - { name: b, url: "http://127.0.0.1:${ports[1]}" }
        - { name: c, url: "http://127.0.0.1:${ports[2]}" }
`

let backends: Backend[] = []
let program: Program
beforeAll(async () => {
  backends = await Promise.all([startBackend(), startBackend(), startBackend()])
  program = await startProgram({
    manifests: { 'a.yaml': route(backends.map(({ port }) => port)) },
    flags: () => ['--workers', '2', '--access-log', 'off'],
  })
})
afterAll(async () => {
  await program?.close()
  for (const backend of backends) backend.close()
})

/** Waits until every worker says this of the endpoint behind a port. */
const untilAll = (port: number, wanted: { healthy: boolean; ejected: boolean }) =>
  program.until<Backends>(
    '/debug/backends',
    ({ workers }) =>
      workers.length === 2 &&
      workers.every(({ answer }) =>
        answer
          .filter(({ cluster }) => cluster.includes(`:${port}`))
          .flatMap(({ endpoints }) => endpoints)
          .every(
            ({ healthy, ejected }) => healthy === wanted.healthy && ejected === wanted.ejected,
          ),
      ),
  )

/** One connection is one worker: the other never sees these requests. */
async function sendOnOne(path: string, count: number): Promise<void> {
  const client = new RawClient(program.port)
  for (let sent = 1; sent <= count; sent++) {
    client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`)
    await client.until(new RegExp(`(\\r\\nok[^]*){${sent}}$`))
  }
  client.close()
}

const ejections = async () =>
  (await program.ask('/metrics')).text.match(/^fairlead_ejections_total\{.*$/gm) ?? []

describe('health is known to all workers', () => {
  test('what requests of one worker find out counts for the others, once', async () => {
    const [, bad] = backends as [Backend, Backend, Backend]
    bad.status = 503
    await sendOnOne('/met', 12)
    await untilAll(bad.port, { healthy: false, ejected: true })
    expect(await ejections()).toEqual([expect.stringMatching(/reason="status"} 1$/)])
  })

  test('probes run once, and what they find reaches every worker', async () => {
    const [probed] = backends as [Backend, Backend, Backend]
    await untilAll(probed.port, { healthy: true, ejected: false })
    expect(probed.probes).toHaveLength(1)
    // Requests of one worker find a fault: whoever probes looks at once, and goes on looking.
    probed.health = 500
    probed.status = 503
    await sendOnOne('/probed', 3)
    const seen = async (count: number) => {
      const wanted = probed.probes.length + count
      await program.until('/debug/status', () => probed.probes.length >= wanted)
    }
    await seen(5)
    // The ejection itself is long over by now.
    await untilAll(probed.port, { healthy: false, ejected: true })
    probed.health = 200
    await untilAll(probed.port, { healthy: true, ejected: false })
  })
})
