import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pair } from '../../src/controller/publish/authority.ts'
import { type Authority, days, newAuthority } from './authorities.ts'
import { connect, get, route, secret, startGateway, type TlsGateway, yamlOf } from './gateway.ts'

const host = 'api.shop.example'

let authority: Authority
let gateway: TlsGateway

const issue = (commonName: string, rest: object = {}): Promise<Pair> =>
  authority.issue({ commonName, dnsNames: [host], ...rest })

const documents = (pair: object) => [pair, route(host, { tls: { secretRef: { name: 'shop' } } })]
const hold = (pair: object) => gateway.program.write('all.yaml', yamlOf(documents(pair)))

beforeAll(async () => {
  authority = await newAuthority('ours')
  gateway = await startGateway(documents(secret('shop', await issue('first'))))
})

afterAll(() => gateway.close())

const shown = async (): Promise<string> => {
  const { socket, close } = await connect(gateway.port, host)
  const { subject } = socket.getPeerCertificate()
  close()
  return String(subject.CN)
}

async function untilShown(name: string): Promise<void> {
  while ((await shown()) !== name);
}

interface Page {
  readonly statuses: readonly { readonly conditions: readonly { readonly message: string }[] }[]
}

const said = (page: Page): string =>
  page.statuses.flatMap(({ conditions }) => conditions.map(({ message }) => message)).join('')

describe('T6 a Secret that is rotated', () => {
  test('ten times under load: no handshake fails, and kept connections go on', async () => {
    const kept = await connect(gateway.port, host)
    const failures: string[] = []
    let handshakes = 0
    let isOver = false
    const load = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const answer = await get(gateway.port, host)
        handshakes++
        if (answer !== `200 ${host}`) failures.push(answer)
      }
    })
    for (let turn = 1; turn <= 10; turn++) {
      hold(secret('shop', await issue(`turn ${turn}`)))
      await untilShown(`turn ${turn}`)
      expect(await kept.ask(host)).toBe(`200 ${host}`)
    }
    isOver = true
    await Promise.all(load)
    kept.close()
    expect(failures).toEqual([])
    expect(handshakes).toBeGreaterThan(40)
  })

  const broken = [
    {
      name: 'with the key of another certificate',
      pair: async (): Promise<Pair> => ({ ...(await issue('x')), key: (await issue('y')).key }),
      says: /is not the key of the first certificate/,
    },
    {
      name: 'with nothing in it',
      pair: async (): Promise<Pair> => ({ cert: '', key: '' }),
      says: /holds no certificate/,
    },
    {
      name: 'with 1,200 certificates',
      pair: async (): Promise<Pair> => {
        const pair = await issue('x')
        return { ...pair, cert: Array(1200).fill(pair.cert).join('\n') }
      },
      says: /certificate/,
    },
    {
      name: 'with a certificate that has expired',
      pair: () => issue('x', { validity: days(-2, -1) }),
      says: /has expired/,
    },
    {
      name: 'with a certificate that cannot be read',
      pair: async (): Promise<Pair> => {
        const pair = await issue('x')
        return { ...pair, cert: pair.cert.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA') }
      },
      says: /cannot be read/,
    },
  ]

  test.each(broken)('$name: the one before is shown, and the status says why', async (each) => {
    const before = `before ${broken.indexOf(each)}`
    hold(secret('shop', await issue(before)))
    await untilShown(before)
    hold(secret('shop', await each.pair()))
    const page = await gateway.program.until<Page>('/debug/status', (now) => said(now) !== '')
    expect(said(page)).toMatch(each.says)
    expect(said(page)).toMatch(/the certificate that it held before is shown/)
    expect(await shown()).toBe(before)
    hold(secret('shop', await issue('after')))
    await untilShown('after')
    await gateway.program.until<Page>('/debug/status', (now) => said(now) === '')
  })

  test('to a certificate of another host: the one before is shown, also when the Secret breaks then', async () => {
    hold(secret('shop', await issue('ours')))
    await untilShown('ours')
    hold(secret('shop', await issue('theirs', { dnsNames: ['www.shop.example'] })))
    const page = await gateway.program.until<Page>('/debug/status', (now) => said(now) !== '')
    expect(said(page)).toMatch(
      /its certificate is not of "api.shop.example"; it is of www.shop.example; the one before is shown for "api.shop.example"$/,
    )
    expect(await shown()).toBe('ours')
    hold(secret('shop', { cert: '', key: '' }))
    await gateway.program.until<Page>('/debug/status', (now) => /cannot be used/.test(said(now)))
    expect(await shown()).toBe('ours')
    const { text } = await gateway.program.ask('/metrics')
    expect(text).toContain(`fairlead_certificate_not_after_seconds{hostname="${host}"`)
    hold(secret('shop', await issue('after')))
    await untilShown('after')
    await gateway.program.until<Page>('/debug/status', (now) => said(now) === '')
  })

  test('with an expired one and nothing better: it is shown', async () => {
    const own = await startGateway(
      documents(secret('shop', await issue('old', { validity: days(-2, -1) }))),
    )
    const client = await connect(own.port, host)
    expect(client.socket.getPeerCertificate().subject.CN).toBe('old')
    client.close()
    expect((await own.program.ask('/metrics')).text).toMatch(
      /certificate_not_after_seconds\{hostname="api.shop.example"\} \d+/,
    )
    await own.close()
  })

  test('with one that ends in three days: the log says so once, until a new one is there', async () => {
    hold(secret('shop', await issue('short', { validity: days(-2, 3) })))
    await untilShown('short')
    const line = await gateway.program.said(/a certificate ends soon/)
    expect(line).toMatch(/"secret":"default\/shop"/)
    expect(line.match(/a certificate ends soon/g)).toHaveLength(1)
    hold(secret('shop', await issue('long')))
    await untilShown('long')
    expect(gateway.program.stderr()).not.toMatch(/certificate has ended/)
  })

  test('that is taken away: its certificate is shown no more', async () => {
    hold(secret('other', await issue('x')))
    await gateway.program.until<Page>('/debug/status', (now) => /does not exist/.test(said(now)))
    const socket = tls.connect({ port: gateway.port, host: '127.0.0.1', servername: host })
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => socket.on('error', resolve))
    expect(error.code).toBe('ERR_SSL_TLSV1_UNRECOGNIZED_NAME')
  })
})
