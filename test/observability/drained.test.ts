import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { yamlOf } from '../harness/manifests.ts'
import { type Program, startProgram } from '../harness/program.ts'
import { startHttp2 } from '../http2-backend/backend.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

/** Events without an end, by HTTP/1.1. */
async function startEvents(): Promise<number> {
  const server = http.createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
  })
  open.push({ close: () => server.closeAllConnections() }, { close: () => server.close() })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** A call of gRPC that streams without an end. */
async function startCalls(): Promise<number> {
  const backend = await startHttp2((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
    stream.write(Buffer.alloc(5))
  })
  open.push(backend)
  return backend.port
}

const rule = (name: string, prefix: string, backend: object) => ({
  name,
  matches: [{ path: { prefix } }],
  authorize: { public: true },
  backends: [backend],
})

async function start(flags: readonly string[]): Promise<Program> {
  const events = `http://127.0.0.1:${await startEvents()}`
  const calls = { name: 'calls', url: `http://127.0.0.1:${await startCalls()}`, protocol: 'H2C' }
  const route = {
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'ApiRoute',
    metadata: { name: 'streams', namespace: 'shop' },
    spec: {
      hostnames: ['*'],
      rules: [
        rule('events', '/events', { name: 'events', url: events }),
        rule('calls', '/', calls),
      ],
    },
  }
  const program = await startProgram({
    manifests: { 'a.yaml': yamlOf(route) },
    flags: (folder) => {
      const settings = join(folder, 'settings.yaml')
      writeFileSync(settings, 'drain: { timeout: 1s }\nlisteners: { http: { h2c: true } }\n')
      return ['--settings', settings, '--access-log', '-', ...flags]
    },
  })
  open.push(program)
  return program
}

/** Asks, and waits until something of the answer is there. */
async function streamOf(port: number, headers: http2.OutgoingHttpHeaders): Promise<void> {
  const session = http2.connect(`http://127.0.0.1:${port}`).on('error', () => {})
  open.push({ close: () => session.destroy() })
  const stream = session.request(headers).on('error', () => {})
  await once(stream, 'data')
}

test.each([
  { how: 'in one process', flags: [] },
  { how: 'in a worker', flags: ['--workers', '1'] },
])(
  'streams that a drain cuts, $how, have their lines, and the log says how many',
  async ({ flags }) => {
    const program = await start(flags)
    const { port } = program
    const asked = http.get({ port, host: '127.0.0.1', path: '/events' }).on('error', () => {})
    const [response] = (await once(asked, 'response')) as [http.IncomingMessage]
    response.on('error', () => {})
    await once(response, 'data')
    await streamOf(port, { ':path': '/events' })
    const grpc = { 'content-type': 'application/grpc', te: 'trailers' }
    await streamOf(port, { ':path': '/shop.Orders/List', ':method': 'POST', ...grpc })
    program.kill('SIGTERM')
    expect((await program.over).code).toBe(0)
    const lines = program
      .stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const told = lines.map((line) => [
      line['rule'],
      line['network.protocol.version'],
      line['http.response.status_code'],
      line['complete'],
      line['reason'],
    ])
    expect(told.sort()).toEqual([
      ['calls', '2', 200, false, 'drain'],
      ['events', '1.1', 200, false, 'drain'],
      ['events', '2', 200, false, 'drain'],
    ])
    expect(program.stderr()).toMatch(/requests were cut.*"requests":3/)
    expect(response.complete).toBe(false)
  },
)
