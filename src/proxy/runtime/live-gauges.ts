import type { Metrics } from '../../base/metrics.ts'
import type { Rule } from '../../model/snapshot.ts'
import type { LiveAuthorizer } from './authorizer.ts'
import type { LiveCluster } from './cluster.ts'
import type { Selector } from './selector.ts'

/** Where gauges get their values when somebody scrapes. */
export interface LiveState {
  readonly inFlight: number
  /** Of each listener: protocol → state → how many. */
  readonly connections: () => readonly Readonly<Record<string, Readonly<Record<string, number>>>>[]
  /** Hostname → when its certificate ends, in seconds since 1970. */
  readonly certificates: () => Iterable<readonly [string, number]>
  readonly clusters: () => Iterable<LiveCluster>
  readonly authorizers: () => Iterable<LiveAuthorizer>
  /** Every rule in force. */
  readonly rules: () => Iterable<Rule>
  /** Undefined before the first request of the rule. */
  readonly selectorOf: (rule: Rule) => Selector | undefined
}

type Row = readonly [readonly string[], number]

/** Gauges of what a data plane has at this moment. */
export function liveGauges(
  metrics: Metrics,
  live: () => LiveState | undefined,
  perRoute: () => boolean,
): void {
  const read = (rows: (state: LiveState) => Iterable<Row>) => () => {
    const state = live()
    return state === undefined ? [] : rows(state)
  }
  metrics.computed(
    {
      name: 'fairlead_requests_in_flight',
      help: 'Requests whose answer is not complete.',
      labels: [],
    },
    read(({ inFlight }) => [[[], inFlight]]),
  )
  metrics.computed(
    {
      name: 'fairlead_connections',
      help: 'Client connections: active with a request, idle without one, closing after the last.',
      labels: ['protocol', 'state'],
    },
    read(connectionRows),
  )
  metrics.computed(
    {
      name: 'fairlead_certificate_not_after_seconds',
      help: 'When the certificate of a host ends, in seconds since 1970.',
      labels: ['hostname'],
      aggregator: 'min',
    },
    read(({ certificates }) =>
      perRoute() ? Array.from(certificates(), ([hostname, end]) => [[hostname], end] as const) : [],
    ),
  )
  metrics.computed(
    {
      name: 'fairlead_backend_healthy',
      help: 'Healthy share of the endpoints of a backend, from 0 (none) to 1 (all).',
      labels: ['backend', 'region'],
      aggregator: 'min',
    },
    read(healthRows),
  )
  metrics.computed(
    {
      name: 'fairlead_backend_effective_weight',
      help: 'Share of the traffic of a rule that a backend gets now, from 0 to 1.',
      labels: ['route', 'rule', 'backend'],
      aggregator: 'max',
    },
    read((state) => (perRoute() ? weightRows(state) : [])),
  )
  metrics.computed(
    {
      name: 'fairlead_panic',
      help: 'Rules with no healthy backend, which fail or use what is left (failover.panic).',
      labels: ['route', 'rule'],
      aggregator: 'max',
    },
    read((state) => (perRoute() ? panicRows(state) : [sumOf(panicRows(state))])),
  )
  authorizerGauges(metrics, read)
}

function authorizerGauges(
  metrics: Metrics,
  read: (rows: (state: LiveState) => Iterable<Row>) => () => Iterable<Row>,
): void {
  metrics.computed(
    {
      name: 'fairlead_authorizer_cache_entries',
      help: 'Verified credentials that are remembered.',
      labels: ['authorizer'],
    },
    read(({ authorizers }) =>
      Array.from(authorizers(), ({ config, cached }) => [[config.id], cached] as const),
    ),
  )
  metrics.computed(
    {
      name: 'fairlead_jwks_age_seconds',
      help: 'Time since the keys of an issuer were fetched; +Inf before the first time.',
      labels: ['authorizer', 'issuer'],
      aggregator: 'max',
    },
    read(({ authorizers }) =>
      Array.from(authorizers()).flatMap(({ config, issuers }) =>
        issuers
          .filter(({ keys }) => keys.isFetched)
          .map(({ issuer, keys }) => [[config.id, issuer.issuer], keys.ageMs / 1000] as const),
      ),
    ),
  )
}

const sumOf = (rows: readonly Row[]): Row => [
  ['', ''],
  rows.reduce((sum, [, value]) => sum + value, 0),
]

/** Targets with different health rules can have one name: the worst of them is told. */
function healthRows({ clusters, rules }: LiveState): Row[] {
  const regions = regionsOf(rules())
  const rows = new Map<string, Row>()
  for (const { id, name, endpoints } of clusters()) {
    const healthy = endpoints.filter((endpoint) => endpoint.healthy).length
    const share = endpoints.length === 0 ? 0 : healthy / endpoints.length
    for (const region of regions.get(id) ?? ['']) {
      const key = `${name} ${region}`
      rows.set(key, [[name, region], Math.min(share, rows.get(key)?.[1] ?? 1)])
    }
  }
  return [...rows.values()]
}

/** Id of a cluster → the regions that rules say it is in. */
function regionsOf(rules: Iterable<Rule>): ReadonlyMap<string, ReadonlySet<string>> {
  const regions = new Map<string, Set<string>>()
  for (const { action } of rules) {
    for (const { cluster, region } of action.kind === 'forward' ? action.backends : []) {
      const known = regions.get(cluster)
      if (known === undefined) regions.set(cluster, new Set([region]))
      else known.add(region)
    }
  }
  return regions
}

function lanesOf({ rules, selectorOf }: LiveState): Map<Rule, Selector> {
  const lanes = new Map<Rule, Selector>()
  for (const rule of rules()) {
    const selector = selectorOf(rule)
    if (selector?.isCurrent() === true) lanes.set(rule, selector)
  }
  return lanes
}

const weightRows = (state: LiveState): Row[] =>
  [...lanesOf(state)].flatMap(([{ route, name }, selector]) =>
    selector
      .shares()
      .map(({ backend, share }) => [[route, name, backend], rounded(share)] as const),
  )

const rounded = (share: number): number => Math.round(share * 1e6) / 1e6

const panicRows = (state: LiveState): Row[] =>
  [...lanesOf(state)].map(([{ route, name }, selector]) => [
    [route, name],
    selector.panics() ? 1 : 0,
  ])

function connectionRows({ connections }: LiveState): Row[] {
  const counts = new Map<string, number>()
  for (const listener of connections())
    for (const [protocol, states] of Object.entries(listener))
      for (const [state, count] of Object.entries(states))
        counts.set(`${protocol} ${state}`, (counts.get(`${protocol} ${state}`) ?? 0) + count)
  return [...counts].map(([key, count]) => [key.split(' '), count])
}
