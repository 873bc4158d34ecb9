import { once } from 'node:events'
import fs from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { compileFolder } from '../../src/cli/compile-folder.ts'
import { sourceId } from '../../src/model/key-source.ts'
import type { SavedKeys } from '../../src/model/saved-keys.ts'
import { KeyFile } from '../../src/proxy/feed/key-file.ts'
import { healthService, serving } from '../grpc/health-service.ts'
import { type Backend, startBackend } from '../grpc/peers.ts'
import { RawClient } from '../harness/client.ts'
import { type Program, startProgram } from '../harness/program.ts'
import { Shell } from '../harness/shell.ts'
import {
  commands,
  endpoints,
  manifests,
  names,
  noOutside,
  readme,
  root,
  StandIn,
  stored,
} from './example.ts'

let shell: Shell
beforeAll(() => {
  shell = new Shell(root)
})
afterAll(() => shell.close())

const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d+) /m.exec(text)?.[1])
const withRoutes = names.filter((name) =>
  Object.values(manifests(name)).join().includes('ApiRoute\n'),
)

describe('every example', () => {
  test.each(names)('%s has a README with the exact curl', (name) => {
    expect(commands(name).some((command) => command.startsWith('curl '))).toBe(true)
    expect(readme(name).split('\n').length).toBeLessThan(40)
  })

  test.each([...withRoutes.filter((name) => name !== 'tls-mtls'), 'quickstart/manifests'])(
    'fairlead check examples/%s: nothing is wrong',
    async (name) => {
      expect(await shell.run(`node dist/fairlead.js check examples/${name}`)).toMatch(
        /, 0 with problems; 0 problems/,
      )
    },
  )

  test('none is left out here', () => {
    expect(withRoutes).toEqual([
      'canary',
      'cognito',
      'grpc',
      'multi-region',
      'tls-mtls',
      'websocket',
    ])
  })
})

/** The README's commands against a running copy: only the address of the gateway and of its admin port differ. */
class Running {
  readonly program: Program
  readonly #left: string[]

  constructor(name: string, program: Program) {
    this.program = program
    this.#left = [...commands(name)]
  }

  /** The next command of the README, which must be this one. */
  take(pattern: RegExp): string {
    const command = this.#left.shift() ?? ''
    expect(command).toMatch(pattern)
    return this.here(command)
  }

  run(pattern: RegExp): Promise<string> {
    return shell.run(this.take(pattern))
  }

  here(command: string): string {
    const { port, admin } = this.program
    return command
      .replace('http://127.0.0.1:8080', `http://127.0.0.1:${port}`)
      .replace('http://127.0.0.1:9901', `http://127.0.0.1:${admin}`)
  }

  get left(): readonly string[] {
    return this.#left
  }
}

async function start(
  name: string,
  more: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<Running> {
  const files = { ...stored(manifests(name)), ...more }
  return new Running(
    name,
    await startProgram({ manifests: files, flags: () => flags, env: noOutside }),
  )
}

describe('canary, as it is', () => {
  const stable = new StandIn('stable')
  const fresh = new StandIn('new')
  let running: Running
  beforeAll(async () => {
    await Promise.all([stable.start(), fresh.start()])
    // The Services' pods, which Kubernetes would name.
    const slices = endpoints({ cart: stable.port, 'cart-new': fresh.port })
    running = await start('canary', { 'endpoints.json': slices })
  })
  afterAll(async () => {
    await running.program.close()
    stable.stop()
    fresh.stop()
  })

  test('explain says who gets what', async () => {
    const everybody = await running.run(/^node .* explain .*example\/$/)
    expect(everybody).toContain('shop/cart/everybody')
    expect(await running.run(/^node .* explain .* -H 'x-canary: always'$/)).toContain(
      'shop/cart/testers',
    )
  })

  test('one in twenty goes to the new version, a tester always', async () => {
    const curl = running.take(/^curl -i -H 'host: cart.shop.example' http/)
    expect(statusOf(await shell.run(curl))).toBe(200)
    // The one above is the first of the hundred.
    const many = await shell.run(
      `for i in $(seq 99); do ${curl.replace('-i', '-s')}; done | sort | uniq -c`,
    )
    expect(Number(/(\d+) new /.exec(many)?.[1])).toBe(5)
    const tester = await running.run(/^curl -i .*x-canary: always/)
    expect(statusOf(tester)).toBe(200)
    expect(tester).toMatch(/^new GET /m)
    expect(running.left).toEqual([])
  })

  test('the new version fails: everybody is on the stable one, and no call fails', async () => {
    fresh.stop()
    const curl = running.here("curl -s -H 'host: cart.shop.example' http://127.0.0.1:8080/")
    const many = await shell.run(`for i in $(seq 40); do ${curl}; done | sort | uniq -c`)
    expect(many).toMatch(/^ *40 stable GET \/ $/m)
  })
})

describe('websocket, as it is', () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  let running: Running
  beforeAll(async () => {
    server.on('connection', (socket) => socket.send('prices follow'))
    if (server.address() === null) await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    running = await start('websocket', { 'endpoints.json': endpoints({ prices: port }) })
  })
  afterAll(async () => {
    await running.program.close()
    for (const client of server.clients) client.terminate()
    server.close()
  })

  test('explain says that the rule takes WebSockets', async () => {
    expect(await running.run(/^node .* explain /)).toMatch(/^upgrade +WebSockets, for at most 2h$/m)
  })

  test("the README's handshakes: 101 and the first word, 403 for another page", async () => {
    await running.run(/^KEY=/)
    // It ends when curl has waited long enough, which curl calls a failure.
    const opened = await shell.run(`${running.take(/^curl -i -s -N .*: websocket/)} || true`)
    expect(statusOf(opened)).toBe(101)
    expect(opened).toContain('prices follow')
    expect(statusOf(await running.run(/^curl .*evil/))).toBe(403)
    expect(running.left).toEqual([])
  })
})

describe('grpc, as it is', () => {
  const backends: Backend[] = []
  const folder = fs.mkdtempSync(join(tmpdir(), 'fairlead-example-'))
  let running: Running
  beforeAll(async () => {
    const health = healthService(new Map([['shop.Orders', serving]]))
    for (const name of ['stable', 'new'])
      backends.push(
        await startBackend({ get: (_, say) => say(null, Buffer.from(name)) }, undefined, health),
      )
    const [stable, fresh] = backends.map(({ port }) => port) as [number, number]
    const settings = join(folder, 'settings.json')
    fs.writeFileSync(settings, '{"listeners":{"http":{"h2c":true}}}')
    const slices = endpoints({ orders: stable, 'orders-new': fresh })
    running = await start('grpc', { 'endpoints.json': slices }, ['--settings', settings])
  })
  afterAll(async () => {
    await running.program.close()
    for (const each of backends) each.close()
    fs.rmSync(folder, { recursive: true })
  })

  test('explain says who gets what', async () => {
    expect(await running.run(/^node .* explain .* POST /)).toMatch(/shop\/orders\/calls/)
  })

  test("the README's calls: an answer with its status behind it, and 426", async () => {
    await shell.run(running.take(/^printf /))
    const curl = running.take(/^curl .*--http2-prior-knowledge/)
    const answer = await shell.run(curl)
    expect(answer).toMatch(/^HTTP\/2 200/)
    expect(answer).toMatch(/stable[\s\S]*grpc-status: 0/)
    // The one above is the first of the ten.
    const many = await shell.run(
      `for i in $(seq 9); do ${curl} | grep -a -o -E 'stable|new'; done | sort | uniq -c`,
    )
    expect(many).toMatch(/^ *1 new\n *8 stable\n$/)
    expect(statusOf(await running.run(/^curl .*shop.Orders/))).toBe(426)
    expect(running.left).toEqual([])
  })
})

describe('multi-region, with its backends on loopback', () => {
  const regions = { eu: new StandIn('eu'), us: new StandIn('us'), dr: new StandIn('dr') }
  let running: Running
  beforeAll(async () => {
    await Promise.all(Object.values(regions).map((region) => region.start()))
    const { 'route.yaml': route = '' } = manifests('multi-region')
    // All that differs from the manifest: where the three backends are.
    const here = route
      .replace('https://orders.eu-west-1.shop.example', `http://127.0.0.1:${regions.eu.port}`)
      .replace('https://orders.us-east-1.shop.example', `http://127.0.0.1:${regions.us.port}`)
      .replace('https://orders.us-west-2.shop.example', `http://127.0.0.1:${regions.dr.port}`)
    expect(here).not.toContain('https://')
    running = await start('multi-region', { 'route.yaml': here }, ['--region', 'eu-west-1'])
  })
  afterAll(async () => {
    await running.program.close()
    for (const region of Object.values(regions)) region.stop()
  })

  test('explain prints the shares: its own region first', async () => {
    const shares = await running.run(/^node .* explain .* --region eu-west-1/)
    expect(shares).toMatch(
      /eu in eu-west-1.*100 %[\s\S]*us in us-east-1.* 0 %[\s\S]*dr in us-west-2.* 0 %/,
    )
  })

  test('it stays in its region, moves to the next and to the standby, and no call fails', async () => {
    expect(running.take(/^node .* standalone /)).toContain('--region eu-west-1')
    const curl = running.take(/^curl -i -H 'host: api.shop.example'/)
    expect(await shell.run(curl)).toMatch(/^eu GET \/orders\/7 $/m)
    const loop = `for i in $(seq 20); do ${curl.replace('-i', '-s')}; done | sort | uniq -c`
    expect(await shell.run(loop)).toMatch(/^ *20 eu GET \/orders\/7 \n$/)
    regions.eu.stop()
    expect(await shell.run(loop)).toMatch(/^ *20 us GET \/orders\/7 \n$/)
    regions.us.stop()
    expect(await shell.run(loop)).toMatch(/^ *20 dr GET \/orders\/7 \n$/)
    expect(await running.run(/^curl -s .*\/debug\/backends$/)).toContain('"healthy": false')
    expect(running.left).toEqual([])
  })
})

const eu = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123'
const us = 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_GhIjKl456'
const clients: Readonly<Record<string, string>> = {
  [eu]: '3n4b5urk1ft4fl3mg5e62d9ado',
  [us]: '5t6h7jrk2gu5gm4nh6f73e0bep',
}

describe('cognito, as it is, while Cognito cannot be reached', () => {
  const stock = new StandIn('stock')
  const state = fs.mkdtempSync(join(tmpdir(), 'fairlead-example-'))
  let running: Running
  let sign: (claims: JWTPayload) => Promise<string>

  beforeAll(async () => {
    await stock.start()
    const { publicKey, privateKey } = await generateKeyPair('RS256')
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }
    sign = (claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'k' })
        .setExpirationTime('1h')
        .sign(privateKey)
    await remember(JSON.stringify({ keys: [jwk] }))
    const more = { 'endpoints.json': endpoints({ stock: stock.port }) }
    running = await start('cognito', more, ['--state', state])
  })
  afterAll(async () => {
    await running.program.close()
    stock.stop()
    fs.rmSync(state, { recursive: true })
  })

  /** As if an earlier run had fetched these keys from both pools: what `--state` is for. */
  async function remember(jwks: string): Promise<void> {
    const folder = join(root, 'examples/cognito')
    const { snapshot } = await compileFolder(folder, { class: 'fairlead' })
    const saved = snapshot.authorizers.flatMap(({ issuers }) =>
      issuers.map(
        (issuer): SavedKeys => ({ source: sourceId(issuer), fetchedMs: Date.now(), jwks }),
      ),
    )
    const silent = { error() {}, warn() {}, info() {}, debug() {}, isDebug: () => false }
    const file = new KeyFile(state, silent)
    file.save(saved)
    await file.settled()
  }

  const claims = (issuer: string, own: JWTPayload = {}): JWTPayload => ({
    iss: issuer,
    sub: 'ada',
    client_id: clients[issuer],
    token_use: 'access',
    'cognito:groups': ['staff'],
    scope: 'openid',
    ...own,
  })

  test('explain says what a caller would have to carry', async () => {
    const explained = await running.run(/^node .* explain .* POST /)
    expect(explained).toMatch(/rule shop\/stock\/write[\s\S]*shop\/staff[\s\S]*stock\/write/)
  })

  test("the README's calls: 401, 200, 403", async () => {
    running.take(/^TOKEN=\$\(aws cognito-idp /)
    await shell.run(`TOKEN=${await sign(claims(eu))}`)
    expect(statusOf(await shell.run(running.take(/^curl -i -H 'host: [^']*' http/)))).toBe(401)
    const read = await shell.run(running.take(/^curl -i -H .*Bearer \$TOKEN.*items\/1$/))
    expect(statusOf(read)).toBe(200)
    expect(read).toMatch(/^stock GET \/items\/1 ada$/m)
    expect(statusOf(await shell.run(running.take(/^curl -i -X POST .*items$/)))).toBe(403)
    expect(running.left).toEqual([])
  })

  test.each([
    ['a token of the other pool', claims(us), 'GET', 200],
    ['a token with the scope', claims(us, { scope: 'openid stock/write' }), 'POST', 200],
    ['a user who is not in the group', claims(eu, { 'cognito:groups': ['guests'] }), 'GET', 403],
    ['a client of the other pool', claims(eu, { client_id: clients[us] }), 'GET', 401],
    ['an ID token', claims(eu, { token_use: 'id', aud: '3n4b5urk1ft4fl3mg5e62d9ado' }), 'GET', 401],
    ['a pool that nobody named', claims(`${eu}x`, { client_id: clients[eu] }), 'GET', 401],
  ])('%s: %o by %s is %d', async (_, payload, method, status) => {
    const token = await sign(payload)
    const client = new RawClient(running.program.port)
    const fields = `host: stock.shop.example\r\nauthorization: Bearer ${token}\r\nconnection: close`
    client.send(`${method} /items/1 HTTP/1.1\r\n${fields}\r\n\r\n`)
    expect(statusOf(await client.untilOver())).toBe(status)
  })
})
