import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decodeSettings } from '../../src/controller/api/settings.ts'
import { RawClient } from '../harness/client.ts'
import { type Program, type ProgramOptions, startProgram } from '../harness/program.ts'

let folder: string
let program: Program

/** One route that answers by itself, and one behind a token that comes in the query. */
const manifests = `
apiVersion: fairlead.dev/v1alpha1
kind: ApiRoute
metadata: { name: site, namespace: shop }
spec:
  hostnames: ["*"]
  rules:
    - name: hello
      authorize: { public: true }
      matches: [{ path: { exact: /hello } }]
      respond: { status: 200, contentType: text/plain, body: hello }
    - name: private
      authorize: { anyOf: [{ authorizer: { name: users } }] }
      matches: [{ path: { exact: /private } }]
      respond: { status: 200, contentType: text/plain, body: private }
---
apiVersion: fairlead.dev/v1alpha1
kind: ApiAuthorizer
metadata: { name: users, namespace: shop }
spec:
  jwt:
    issuers:
      - issuer: https://login.shop.example/
        audiences: [shop]
        jwks: { inline: '{"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}' }
    from: [{ query: ticket }]
`

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'fairlead-access-log-'))
})
afterEach(async () => {
  await program?.close()
  fs.rmSync(folder, { recursive: true })
})

const start = (flags: readonly string[], own: Partial<ProgramOptions> = {}) =>
  startProgram({ manifests: { 'site.yaml': manifests }, flags: () => flags, ...own })

/** It drains, writes what is left and ends. */
async function stop({ kill, over }: Program): Promise<number | null> {
  kill('SIGTERM')
  return (await over).code
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 })
afterAll(() => agent.destroy())

const get = (path: string, headers: Record<string, string> = {}) =>
  new Promise<number>((resolve, reject) => {
    http
      .get({ port: program.port, host: '127.0.0.1', path, headers, agent }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0))
      })
      .on('error', reject)
  })

/** Pipelined on one connection. @returns the statuses that were answered, each once */
async function getMany(count: number, agent = 'many'): Promise<string[]> {
  const client = new RawClient(program.port)
  const head = `GET /hello HTTP/1.1\r\nhost: a.example\r\nuser-agent: ${agent}\r\n`
  client.send(`${head}\r\n`.repeat(count - 1)).send(`${head}connection: close\r\n\r\n`)
  const statuses = (await client.untilOver()).match(/HTTP\/1\.1 \d+/g) ?? []
  expect(statuses).toHaveLength(count)
  return [...new Set(statuses)]
}

const allGood = ['HTTP/1.1 200']

const linesOf = (file: string) =>
  fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('a file', () => {
  test('a line a request, whatever became of it; the query without tokens; rotated by SIGUSR2', async () => {
    const file = join(folder, 'access.log')
    const settings = join(folder, 'settings.yaml')
    fs.writeFileSync(settings, 'accessLog: { query: true }\n')
    program = await start(['--access-log', file, '--settings', settings])
    expect(await get('/hello?page=2', { 'user-agent': 'tést' })).toBe(200)
    expect(await get('/private?ticket=s3cr3t', { cookie: 'a=s3cr3t' })).toBe(401)
    expect(await get('/nowhere')).toBe(404)
    const hostile = new RawClient(program.port).send(
      'GET /hello HTTP/1.1\r\nhost: a.example\r\nuser-agent: \xff\x9b31m"\\\r\nconnection: close\r\n\r\n',
    )
    await hostile.untilOver()
    await new RawClient(program.port).send('GET /hello HTTP/1.1\nhost: a\n\n').untilOver()
    // The gateway opens the new file between two batches: what came before the signal is in the old one.
    fs.renameSync(file, `${file}.1`)
    program.kill('SIGUSR2')
    await new Promise<void>((resolve) => {
      const watcher = fs.watch(folder, (_, name) => {
        if (name !== 'access.log') return
        watcher.close()
        resolve()
      })
      if (fs.existsSync(file)) resolve()
    })
    expect(await get('/hello')).toBe(200)
    expect(await stop(program)).toBe(0)
    const before = linesOf(`${file}.1`)
    expect(before.map((line) => [line['url.path'], line['http.response.status_code']])).toEqual([
      ['/hello', 200],
      ['/private', 401],
      ['/nowhere', 404],
      ['/hello', 200],
      [undefined, 400],
    ])
    expect(before[0]).toMatchObject({ 'url.query': 'page=2', rule: 'hello', route: 'shop/site' })
    expect(before[1]).toMatchObject({
      'url.query': 'ticket=REDACTED',
      'error.type': 'token_malformed',
      authorizer: 'shop/users',
      verdict: 'unauthenticated',
    })
    expect(before[2]).toMatchObject({ 'error.type': 'route_not_found' })
    expect(before[3]).toMatchObject({ 'user_agent.original': '\xff\x9b31m"\\' })
    expect(before[4]).toMatchObject({ 'error.type': 'bad_request', reason: expect.any(String) })
    expect(fs.readFileSync(`${file}.1`, 'utf8')).not.toContain('s3cr3t')
    expect(linesOf(file)).toHaveLength(1)
  })

  test('one that cannot be opened ends the start with its name', async () => {
    const file = join(folder, 'no', 'access.log')
    program = await start(['--access-log', file], { expectFailure: true })
    expect(await program.over).toEqual({ code: 1, signal: null })
    expect(program.stderr()).toContain(file)
  })

  test('D10: on a full disk requests are served, lines are counted, and it is said once', async () => {
    program = await start(['--access-log', '/dev/full'])
    expect(await getMany(200)).toEqual(allGood)
    await program.said(/the access log cannot be written/)
    expect(await stop(program)).toBe(0)
    expect(program.stderr().match(/the access log cannot be written/g)).toHaveLength(1)
  })
})

/** Sets how large a file the program may write: what is over it is refused as by a full disk. */
const limitFiles = (bytes: string) =>
  execFileSync('prlimit', ['--pid', String(program.pid), `--fsize=${bytes}:`])

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0
if (!hasPrlimit) process.stderr.write('!! SKIPPED, no prlimit: a disk that fills up mid-line\n')

describe.skipIf(!hasPrlimit)('D10: a disk that fills up in the middle of a line', () => {
  test('D10: the lost rest of a line does not take the next one with it', async () => {
    const file = join(folder, 'access.log')
    program = await start(['--access-log', file])
    limitFiles('8192')
    expect(await getMany(40)).toEqual(allGood)
    await program.said(/the access log cannot be written/)
    limitFiles('unlimited')
    expect(await get('/hello', { 'user-agent': 'after' })).toBe(200)
    const dropped = await droppedBy(program)
    expect(await stop(program)).toBe(0)
    const lines = fs.readFileSync(file, 'utf8').split('\n').slice(0, -1)
    const whole = lines.filter((line) => line.startsWith('{') && line.endsWith('}'))
    expect(whole.length).toBe(lines.length - 1)
    expect(whole.length + dropped).toBe(41)
    expect(JSON.parse(lines.at(-1) ?? '')['user_agent.original']).toBe('after')
  })
})

/** Eight KiB a line: a thousand of them are more than may wait. */
const long = 'x'.repeat(8000)

describe('D10: a sink that nobody reads', () => {
  test('D10: standard output is a full pipe: every request is served, lines are dropped and counted', async () => {
    program = await start(['--access-log', '-'], { unread: true })
    expect(await getMany(1300, long)).toEqual(allGood)
    const dropped = await droppedBy(program)
    expect(dropped).toBeGreaterThan(0)
    await program.read(1300 - dropped)
    expect(await stop(program)).toBe(0)
    const lines = program.stdout().split('\n').slice(0, -1)
    expect(lines.length + dropped).toBe(1300)
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow()
  })

  test('D10: a full pipe does not hold up the end of the program', async () => {
    program = await start(['--access-log', '-'], { unread: true })
    expect(await getMany(100, long)).toEqual(allGood)
    program.kill('SIGTERM')
    expect(await program.exited).toBe(0)
  })
})

async function droppedBy({ ask }: Program): Promise<number> {
  const { text } = await ask('/metrics')
  return Number(/^fairlead_access_log_dropped_total (\d+)$/m.exec(text)?.[1])
}

describe('settings', () => {
  test('a custom line may name fields and variables of Amazon API Gateway, and nothing else', () => {
    const fields = { ip: '$context.identity.sourceIp', path: 'url.path' }
    expect(decodeSettings({ accessLog: { fields } })).toMatchObject({
      settings: { accessLog: { fields } },
    })
    expect(decodeSettings({ accessLog: { fields: { ip: '$context.sourceIp' } } })).toEqual({
      problems: [
        {
          reason: 'Invalid',
          path: 'accessLog.fields.ip',
          message:
            'must be a field of the access log such as url.path or $context.identity.sourceIp, not $context.sourceIp; docs/observability.md lists them',
        },
      ],
    })
  })
})
