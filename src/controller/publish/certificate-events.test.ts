import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import type { Log } from '../../base/log.ts'
import type { RouteCertificate } from '../../model/certificate.ts'
import type { ObjectStatus } from '../../model/problem.ts'
import { CertificateLog } from '../certificate-log.ts'
import type { StatusCondition } from './status-conditions.ts'
import { StatusWriter } from './status-writer.ts'

const dayMs = 86_400_000
const log: Log = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  isDebug: () => false,
}

/** Ends so many days after the clock's beginning. */
const certificate = (days: number, print = 'one'): RouteCertificate => ({
  secret: 'shop/shop-tls',
  print,
  names: ['api.shop.example'],
  endsWallMs: Date.UTC(2026, 0, 1) + days * dayMs,
})

const route = (shown?: RouteCertificate, uid = 'a'): ObjectStatus => ({
  kind: 'ApiRoute',
  namespace: 'shop',
  name: uid,
  uid,
  generation: 1,
  conditions: [],
  ...(shown && { certificate: shown }),
})

/** An API server that outlives its controllers, and the Events that it was told of. */
function setUp() {
  const clock = fakeClock()
  const stored = new Map<string, readonly StatusCondition[]>()
  const events: string[] = []
  const lead = () => {
    const writer = new StatusWriter({
      clock,
      log,
      written: ({ uid }) => stored.get(uid) ?? [],
      write: async ({ uid }, conditions) => void stored.set(uid, conditions),
      happened: ({ name }, list) =>
        events.push(
          ...list.map(({ type, reason, message }) => `${name} ${type} ${reason} ${message}`),
        ),
      expected: () => [],
      withheld: () => undefined,
      proxies: () => [],
    })
    writer.lead()
    return writer
  }
  /** Time, with what is pending in between. */
  const pass = async (ms: number) => {
    clock.advance(ms)
    for (let turn = 0; turn < 20; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      clock.advance(250)
    }
  }
  return { clock, stored, events, lead, pass }
}

const at = (sequence: number) => ({ epoch: 1, sequence })
const expiring =
  'a Warning CertificateExpiring spec.tls.secretRef: the certificate in Secret "shop/shop-tls" (of api.shop.example) ends at 2026-01-31T00:00:00.000Z; put a new one into the Secret before'
const expired =
  'a Warning CertificateExpired spec.tls.secretRef: the certificate in Secret "shop/shop-tls" (of api.shop.example) ended at 2026-01-31T00:00:00.000Z and is still shown; put a new one into the Secret'

describe('a certificate that ends', () => {
  test('is told 14 days before and when it has ended, once each, although nothing else happens', async () => {
    const { events, lead, pass } = setUp()
    const writer = lead()
    writer.update([route(certificate(30)), route(undefined, 'b')], at(1))
    await pass(15.9 * dayMs)
    expect(events).toEqual([])
    await pass(0.2 * dayMs)
    expect(events).toEqual([expiring])
    await pass(13.5 * dayMs)
    expect(events).toEqual([expiring])
    await pass(dayMs)
    expect(events).toEqual([expiring, expired])
    await pass(30 * dayMs)
    expect(events).toHaveLength(2)
  })

  test('is not told again by a controller that is started anew, nor by an edit of the route', async () => {
    const { events, lead, pass, stored } = setUp()
    const first = lead()
    first.update([route(certificate(5))], at(1))
    await pass(1000)
    expect(stored.get('a')?.map(({ type }) => type)).toContain('CertificateExpiring')
    expect(events).toHaveLength(1)
    first.close()
    const second = lead()
    second.update([route(certificate(5))], at(1))
    await pass(dayMs)
    second.update([{ ...route(certificate(5)), generation: 2 }], at(2))
    await pass(dayMs)
    expect(events).toHaveLength(1)
  })

  test('that is replaced in time is forgotten; one more that ends soon is told of its own', async () => {
    const { events, lead, pass, stored } = setUp()
    const writer = lead()
    writer.update([route(certificate(5))], at(1))
    await pass(1000)
    writer.update([route(certificate(6, 'two'))], at(2))
    await pass(1000)
    writer.update([route(certificate(90, 'three'))], at(3))
    await pass(1000)
    expect(events.map((line) => line.split(' ')[2])).toEqual([
      'CertificateExpiring',
      'CertificateExpiring',
      'CertificateReplaced',
    ])
    expect(stored.get('a')?.map(({ type }) => type)).not.toContain('CertificateExpiring')
  })

  test('is found when the time of day is set over the moment', async () => {
    const { clock, events, lead, pass } = setUp()
    const writer = lead()
    writer.update([route(certificate(30))], at(1))
    await pass(1000)
    clock.jump(20 * dayMs)
    await pass(3_600_000)
    expect(events).toEqual([expiring])
  })
})

test('the log says it once for a certificate, however many routes show it and however often it is compiled', () => {
  const clock = fakeClock()
  const said: string[] = []
  const told = new CertificateLog(clock, {
    ...log,
    warn: (message, about) => void said.push(`${message} ${JSON.stringify(about)}`),
  })
  const both = [certificate(15), certificate(15), certificate(99, 'other')]
  told.update(both)
  expect(said).toEqual([])
  clock.advance(2 * dayMs)
  told.update(both)
  told.update(both)
  expect(said).toEqual([
    'a certificate ends soon; put a new one into its Secret {"secret":"shop/shop-tls","names":["api.shop.example"],"ends":"2026-01-16T00:00:00.000Z"}',
  ])
  clock.advance(14 * dayMs)
  expect(said).toHaveLength(2)
  expect(said[1]).toMatch(/^a certificate has ended and is still shown/)
})
