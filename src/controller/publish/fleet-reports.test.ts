import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import { forwardAction, hostOf, ruleOf } from '../../../test/harness/rules.ts'
import type { Authorizer, KeySource } from '../../model/authorization.ts'
import type { ObjectStatus } from '../../model/problem.ts'
import type { ProxyReport } from '../../model/proxy-report.ts'
import { defaultSettings } from '../../model/settings.ts'
import type { Backend, Snapshot } from '../../model/snapshot.ts'
import { FleetReports } from './fleet-reports.ts'
import type { ConnectedProxy } from './publication.ts'

const issuer = (name: string, keys: KeySource = { kind: 'discovery' }) => ({
  issuer: name,
  audiences: [],
  algorithms: ['RS256'],
  groupsClaim: 'groups',
  keys,
})

const authorizer = (
  name: string,
  ...issuers: readonly ReturnType<typeof issuer>[]
): Authorizer => ({
  id: `shop/${name}`,
  namespace: 'shop',
  name,
  version: '1',
  kind: 'jwt',
  issuers,
  from: [],
  clockSkewMs: 0,
  claims: [],
  forward: { headers: [], token: 'Remove' },
  staleKeysForMs: 3_600_000,
})

const backend = (name: string): Backend => ({
  name,
  cluster: name,
  region: `region-${name}`,
  weight: 1,
  priority: 0,
  basePath: '',
})

const action = { ...forwardAction, backends: [backend('eu'), backend('us')] }

const snapshot: Snapshot = {
  format: 1,
  digest: 'now',
  settings: defaultSettings,
  hosts: [hostOf('a.example', [['/', ruleOf('read', { action })]])],
  clusters: [],
  authorizers: [
    authorizer('both', issuer('https://one/'), issuer('https://two/')),
    authorizer('inline', issuer('https://one/', { kind: 'inline', jwks: '{}' })),
  ],
  secrets: {},
}

const statusOf = (kind: string, name: string): ObjectStatus => ({
  kind,
  namespace: 'shop',
  name,
  uid: name,
  generation: 1,
  conditions: [],
})
const statuses = [
  statusOf('ApiAuthorizer', 'both'),
  statusOf('ApiAuthorizer', 'inline'),
  statusOf('ApiRoute', 'orders'),
]
const [both, inline, orders] = statuses as [ObjectStatus, ObjectStatus, ObjectStatus]
const since = { epoch: 1, sequence: 7 }

type Report = ConnectedProxy['report']

/** A leader that has published, and proxies that say what they are told to. */
function setUp(names: readonly string[] = ['one']) {
  const clock = fakeClock()
  const said = new Map<string, Report>(names.map((name) => [name, undefined]))
  const events: string[] = []
  let changes = 0
  const reports = new FleetReports({
    clock,
    proxies: () =>
      [...said].map(([name, report]) => ({
        namespace: 'gateway',
        name,
        version: '1',
        address: '',
        acknowledged: undefined,
        refused: undefined,
        report,
      })),
    expected: () => names.map((name) => ({ namespace: 'gateway', name })),
    happened: (status, list) =>
      events.push(
        ...list.map(({ type, reason, message }) => `${status.name} ${type} ${reason} ${message}`),
      ),
    changed: () => void changes++,
  })
  reports.lead()
  reports.update(snapshot, statuses)
  const read = () => {
    reports.reported()
    clock.advance(250)
  }
  return {
    clock,
    reports,
    events,
    get changes() {
      return changes
    },
    say(name: string, own: Partial<NonNullable<Report>> = {}) {
      said.set(name, { ...good, ...own })
      read()
    },
    leave(name: string) {
      said.delete(name)
      read()
    },
    condition: (status = both) => reports.conditionOf(status, since),
  }
}

const good: ProxyReport & { epoch: number; sequence: number; digest: string } = {
  epoch: 1,
  sequence: 9,
  digest: 'now',
  whole: true,
  pending: [],
  issuers: [],
  failovers: [],
}
const trouble = (own: object = {}) => ({
  authorizer: 'shop/both',
  issuer: 'https://two/',
  reason: 'ECONNREFUSED',
  ...own,
})
const at = Date.UTC(2026, 0, 1)

describe('IssuersReachable', () => {
  test('is True when every proxy reaches every issuer', () => {
    const set = setUp(['one', 'two'])
    set.say('one')
    set.say('two')
    expect(set.condition()).toMatchObject({
      status: 'True',
      reason: 'IssuersReachable',
      message: '',
    })
  })

  test('is False when one of them does not, in the words of a gateway alone', () => {
    const set = setUp(['one', 'two'])
    set.say('one')
    set.say('two', { issuers: [trouble({ fetchedMs: at })] })
    expect(set.condition()).toMatchObject({
      status: 'False',
      reason: 'IssuerUnreachable',
      message:
        'spec.jwt.issuers[1]: the keys of "https://two/" cannot be fetched (ECONNREFUSED): those of 2026-01-01T00:00:00.000Z verify until 2026-01-01T01:00:00.000Z; see that the gateway reaches the issuer',
    })
  })

  test('tells of the one that fares worst, whichever came first', () => {
    for (const order of [
      ['one', 'two'],
      ['two', 'one'],
    ] as const) {
      const set = setUp(order)
      set.say('one', { issuers: [trouble({ fetchedMs: at })] })
      set.say('two', { issuers: [trouble()] })
      expect(set.condition()).toMatchObject({ message: expect.stringContaining('never were') })
    }
  })

  test('is not there where keys are not fetched, nor on a route', () => {
    const set = setUp()
    set.say('one')
    expect([set.condition(inline), set.condition(orders)]).toEqual(['none', 'none'])
  })

  test.each<[string, Partial<NonNullable<Report>>]>([
    ['has not asked yet', { pending: ['shop/both'] }],
    ['had more to say than has room', { whole: false }],
    ['is about a configuration of before', { digest: 'before', sequence: 6 }],
    ['is about one of an earlier leader', { digest: 'before', epoch: 0, sequence: 99 }],
  ])('stays as it was while the only proxy %s', (_, own) => {
    const set = setUp()
    set.say('one', own)
    expect(set.condition()).toBe('unknown')
    const before = set.changes
    set.say('one')
    expect([set.changes - before, set.condition()]).toEqual([
      1,
      expect.objectContaining({ status: 'True' }),
    ])
  })

  test('a report of before that has this generation already counts', () => {
    const set = setUp()
    set.say('one', { digest: 'before', sequence: 7 })
    expect(set.condition()).toMatchObject({ status: 'True' })
  })

  test('K11 what a proxy makes up is not repeated', () => {
    const set = setUp()
    set.say('one', {
      issuers: [
        trouble({ reason: 'see https://evil.example\n' }),
        trouble({ issuer: 'https://evil.example' }),
        trouble({ authorizer: 'shop/evil' }),
      ],
    })
    expect(set.condition()).toMatchObject({
      status: 'False',
      message: expect.stringContaining('(failed)'),
    })
    expect(JSON.stringify(set.condition())).not.toContain('evil')
  })

  test('a new leader waits for the proxies that are counted on, and not forever', () => {
    const set = setUp(['one', 'old'])
    set.say('one')
    expect(set.condition()).toBe('unknown')
    const before = set.changes
    set.clock.advance(30_000)
    expect([set.changes - before, set.condition()]).toEqual([
      1,
      expect.objectContaining({ status: 'True' }),
    ])
  })

  test('nobody has to look while proxies say the same of it', () => {
    const set = setUp()
    set.say('one')
    set.condition()
    const before = set.changes
    for (let sequence = 10; sequence < 100; sequence++) set.say('one', { sequence })
    expect(set.changes).toBe(before)
  })

  test('a thousand reports at once are read once', () => {
    const set = setUp()
    const before = set.changes
    for (let i = 0; i < 1000; i++) set.reports.reported()
    set.clock.advance(1000)
    expect(set.changes - before).toBeLessThanOrEqual(1)
  })
})

describe('failovers', () => {
  const down = { failovers: [{ route: 'shop/orders', rule: 'read', backend: 'eu' }] }
  const begun =
    'orders Warning FailedOver rule "read": backend "eu" in region-eu has no healthy endpoint; other backends of the rule take its traffic'
  const over =
    'orders Normal Recovered rule "read": backend "eu" in region-eu has a healthy endpoint again, at every proxy'

  test('are told when the first proxy has one, and when the last is over', () => {
    const set = setUp(['one', 'two'])
    set.say('one')
    set.say('two', down)
    set.say('one', down)
    expect(set.events).toEqual([begun])
    set.say('one')
    expect(set.events).toEqual([begun])
    set.say('two')
    expect(set.events).toEqual([begun, over])
  })

  test('are not over because the only proxy has gone', () => {
    const set = setUp()
    set.say('one', down)
    set.leave('one')
    expect(set.events).toEqual([begun])
    set.say('one')
    expect(set.events).toEqual([begun, over])
  })

  test('are not over because there is no room to name them', () => {
    const set = setUp()
    set.say('one', down)
    set.say('one', { whole: false })
    expect(set.events).toEqual([begun])
  })

  test('of a rule that was edited away meanwhile do not end with a recovery', () => {
    const set = setUp()
    set.say('one', down)
    set.reports.update({ ...snapshot, hosts: [] }, statuses)
    set.say('one')
    expect(set.events).toEqual([begun])
  })

  test.each([
    ['a route', { route: 'shop/other', rule: 'read', backend: 'eu' }],
    ['a rule', { route: 'shop/orders', rule: 'write', backend: 'eu' }],
    ['a backend', { route: 'shop/orders', rule: 'read', backend: 'mars' }],
  ])('K11 of %s that nobody has configured are not told', (_, failover) => {
    const set = setUp()
    set.say('one', { failovers: [failover] })
    expect(set.events).toEqual([])
  })
})

test('a standby tells nothing', () => {
  const set = setUp()
  set.reports.follow()
  const before = set.changes
  set.say('one', { failovers: [{ route: 'shop/orders', rule: 'read', backend: 'eu' }] })
  set.clock.advance(60_000)
  expect([set.events, set.changes - before]).toEqual([[], 0])
})
