import diagnostics from 'node:diagnostics_channel'
import net from 'node:net'
import os from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../../test/harness/client.ts'
import { type Admin, type AdminRoute, startAdmin } from './admin.ts'

const routes: readonly AdminRoute[] = [
  { path: '/livez', what: 'health', isLocal: false, answer: () => ({ status: 200, body: 'ok\n' }) },
  {
    path: '/debug/secret',
    what: 'debug',
    isLocal: true,
    answer: () => ({ status: 200, body: { a: 1 } }),
  },
  {
    path: '/debug/broken',
    what: 'throws',
    isLocal: true,
    answer: () => {
      throw new Error('out of order')
    },
  },
]

let admin: Admin
let open: Admin
beforeAll(async () => {
  admin = await startAdmin({ host: '127.0.0.1', port: 0 }, routes)
  open = await startAdmin({ host: '0.0.0.0', port: 0 }, routes)
})
afterAll(async () => {
  await admin.close()
  await open.close()
})

/** An answer to bytes. */
async function raw(port: number, text: string): Promise<string> {
  const client = new RawClient(port)
  const answer = await client.send(text.replaceAll('\n', '\r\n')).untilOver()
  client.close()
  return answer
}

const ask = (start: string, fields = 'host: localhost') =>
  raw(admin.port, `${start} HTTP/1.1\n${fields}\nconnection: close\n\n`)

describe('pages', () => {
  test('text as it is, anything else as JSON, the list at /, what is not there as 404', async () => {
    expect(await ask('GET /livez')).toMatch(
      /^HTTP\/1\.1 200 [\s\S]*text\/plain[\s\S]*\r\n\r\nok\n$/,
    )
    expect(await ask('GET /debug/secret')).toMatch(
      /^HTTP\/1\.1 200 [\s\S]*application\/json[\s\S]*"a": 1/,
    )
    expect(await ask('GET /')).toContain('/livez')
    expect(await ask('GET /nothing')).toMatch(/^HTTP\/1\.1 404 /)
    expect(await ask('GET /debug/broken')).toMatch(/^HTTP\/1\.1 500 [\s\S]*out of order/)
  })

  test('HEAD has the head of GET and no body', async () => {
    const [head = '', body] = (await ask('HEAD /livez')).split('\r\n\r\n')
    expect(head).toMatch(/content-length: 3/)
    expect(body).toBe('')
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])(
    '%s is 405 with Allow, for health and debug alike',
    async (method) => {
      for (const path of ['/livez', '/debug/secret', '/nothing'])
        expect(await ask(`${method} ${path}`)).toMatch(/^HTTP\/1\.1 405 [\s\S]*allow: GET, HEAD/i)
    },
  )

  test.each(['//', '/\\', 'http://[', '/%', '?', '*', '/../../etc/passwd', '//evil.example/livez'])(
    'a target such as %s is answered and breaks nothing',
    async (target) => {
      expect(await ask(`GET ${target}`)).toMatch(/^HTTP\/1\.1 [24]\d\d /)
      expect(await ask('GET /livez')).toMatch(/^HTTP\/1\.1 200 /)
    },
  )
})

describe('who may see the debug pages', () => {
  const secret = (fields: string) => ask('GET /debug/secret', fields)

  test.each(['localhost', 'LOCALHOST:9901', '127.0.0.1', '127.0.0.1:9901', '[::1]:9901'])(
    'somebody on this machine who asks for %s',
    async (host) => {
      expect(await secret(`host: ${host}`)).toMatch(/^HTTP\/1\.1 200 /)
    },
  )

  test.each([
    'evil.example',
    'evil.example:9901',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    '10.0.0.1',
    '0.0.0.0',
    '[::ffff:127.0.0.1]',
    '',
  ])('not a page in a browser whose name was made to point here: Host "%s"', async (host) => {
    expect(await secret(`host: ${host}`)).toMatch(/^HTTP\/1\.1 403 /)
  })

  test.each([
    'x-forwarded-for: 127.0.0.1',
    'x-forwarded-for: 203.0.113.7',
    'x-real-ip: 127.0.0.1',
    'forwarded: for=127.0.0.1',
    'via: 1.1 proxy',
    'x-forwarded-host: localhost',
  ])('nobody behind a proxy on this machine: %s', async (field) => {
    expect(await secret(`host: localhost\n${field}`)).toMatch(/^HTTP\/1\.1 403 /)
  })

  test('health is for everybody, whatever they ask for', async () => {
    const fields = 'host: evil.example\nx-forwarded-for: 203.0.113.7'
    expect(await ask('GET /livez', fields)).toMatch(/^HTTP\/1\.1 200 /)
  })

  const outside = Object.values(os.networkInterfaces())
    .flat()
    .find((address) => address !== undefined && !address.internal && address.family === 'IPv4')
  if (outside === undefined)
    process.stderr.write('!! SKIPPED, no address but loopback: a caller from outside\n')

  describe.skipIf(outside === undefined)('bound to every address', () => {
    const fromOutside = (path: string, fields: string) =>
      new Promise<string>((resolve, reject) => {
        let text = ''
        const socket = net.connect(open.port, outside?.address ?? '')
        socket.on('error', reject).on('end', () => resolve(text))
        socket.on('data', (chunk) => {
          text += chunk.toString()
        })
        socket.write(`GET ${path} HTTP/1.1\r\n${fields}\r\nconnection: close\r\n\r\n`)
      })

    test('a caller from outside sees health', async () => {
      expect(await fromOutside('/livez', 'host: x')).toMatch(/^HTTP\/1\.1 200 /)
    })

    test.each(['host: localhost', 'host: 127.0.0.1\r\nx-forwarded-for: 127.0.0.1'])(
      'and no debug page, whatever it says: %s',
      async (fields) => {
        expect(await fromOutside('/debug/secret', fields)).toMatch(/^HTTP\/1\.1 403 /)
      },
    )
  })
})

describe('clients that take their time', () => {
  test('more connections than there may be, all silent: a health check is answered', async () => {
    const silent = Array.from({ length: 300 }, () => new RawClient(admin.port))
    await Promise.all(silent.map((client) => client.connected()))
    expect(await ask('GET /livez')).toMatch(/^HTTP\/1\.1 200 /)
    for (const client of silent) client.close()
  })

  /** A server in a hurry. */
  const hasty = (more: readonly AdminRoute[] = []) =>
    startAdmin({ host: '127.0.0.1', port: 0 }, [...routes, ...more], { headMs: 200, idleMs: 400 })

  test('a head that does not end is cut off', async () => {
    const server = await hasty()
    expect(await raw(server.port, 'GET /livez HTTP/1.1\nhost: x\n')).toMatch(/^HTTP\/1\.1 408 |^$/)
    await server.close()
  })

  test('a connection without a request is cut off', async () => {
    const server = await hasty()
    const client = new RawClient(server.port)
    await client.send('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n').untilOver()
    expect(client.text).toMatch(/^HTTP\/1\.1 200 /)
    await server.close()
  })

  test('an answer that nobody reads is cut off', async () => {
    const answer = () => ({ status: 200, body: 'x'.repeat(32 * 1024 * 1024) })
    const server = await hasty([{ path: '/large', what: 'large', isLocal: false, answer }])
    const isCut = new Promise<void>((resolve) => {
      const channel = 'http.server.request.start'
      const started = (message: unknown) => {
        diagnostics.unsubscribe(channel, started)
        ;(message as { socket: net.Socket }).socket.on('close', () => resolve())
      }
      diagnostics.subscribe(channel, started)
    })
    const client = net.connect({ port: server.port, host: '127.0.0.1' })
    client.pause().write('GET /large HTTP/1.1\r\nhost: x\r\n\r\n')
    await isCut
    client.destroy()
    await server.close()
  })
})
