import { seededDice } from '../../src/base/dice.ts'
import { Wheel } from '../../src/base/wheel.ts'
import type { ActiveHealth, Cluster, PassiveHealth } from '../../src/model/cluster.ts'
import type { Backend, Forward } from '../../src/model/snapshot.ts'
import { LiveCluster } from '../../src/proxy/runtime/cluster.ts'
import type { LiveEndpoint } from '../../src/proxy/runtime/endpoint.ts'
import { Pool } from '../../src/proxy/runtime/pool.ts'
import { Selector } from '../../src/proxy/runtime/selector.ts'
import { fakeClock } from './fake-clock.ts'
import { forwardAction } from './rules.ts'

/** The defaults of resilience.md. */
const defaultPassive: PassiveHealth = {
  consecutiveFailures: 3,
  failurePercent: 30,
  minRequests: 20,
  windowMs: 10_000,
  slowFactor: 5,
  ejectForMs: 10_000,
  maxEjected: 100,
  statuses: [503],
}

export interface BackendSpec extends Partial<Backend> {
  readonly endpoints?: number
  readonly passive?: Partial<PassiveHealth>
  readonly active?: ActiveHealth
  readonly protocol?: Cluster['protocol']
  readonly slowStartMs?: number
  /** Ports of loopback endpoints, for probes that really go somewhere. */
  readonly ports?: readonly number[]
  /** Hints of each endpoint; undefined: it has none. */
  readonly zones?: readonly (readonly string[] | undefined)[]
}

/** Backends `a`, `b`, … with live clusters of their own, on a clock that stands still. */
export function balanced(
  specs: readonly BackendSpec[],
  own: Partial<Forward> = {},
  region = '',
  zone = '',
) {
  const clock = fakeClock()
  const dice = seededDice(7)
  const wheel = new Wheel(clock)
  const events: string[] = []
  const clusters = specs.map((spec, i) => {
    const live = new LiveCluster(clusterOf(spec, i), {
      clock,
      dice,
      names: { resolve: async () => ({ found: [], failed: [] }) },
      allowLoopback: true,
      openPool: (_, address, port) =>
        new Pool(
          { address, port },
          {
            wheel,
            maxConnections: 1,
            maxPending: 0,
            idleMs: 1000,
            allowLoopback: true,
            onUnsolicited: () => {},
          },
        ),
      observer: {
        ejected: (cluster, _, reason) => void events.push(`${cluster.name} ejected: ${reason}`),
        recovered: (cluster) => void events.push(`${cluster.name} recovered`),
        unresolved: () => {},
        resolved: () => {},
      },
    })
    live.update(clusterOf(spec, i))
    return live
  })
  const backends = specs.map(
    (spec, i): Backend => ({
      name: nameOf(i),
      cluster: nameOf(i),
      region: spec.region ?? nameOf(i),
      weight: spec.weight ?? 1,
      priority: spec.priority ?? 0,
      basePath: '',
    }),
  )
  const forward = { ...forwardAction, backends, ...own }
  const selector = new Selector(forward, (id) => clusters[id.charCodeAt(0) - 97], {
    region,
    zone,
    clock,
    dice,
  })
  const of = (name: string) => clusters[name.charCodeAt(0) - 97] as LiveCluster
  return {
    clock,
    events,
    forward,
    selector,
    of,
    endpoint: (name: string, at = 0) => of(name).endpoints[at] as LiveEndpoint,
    /** Picks that many times; how often each backend was chosen. */
    picks(count: number): Record<string, number> {
      const chosen: Record<string, number> = {}
      for (let i = 0; i < count; i++) {
        const name = selector.pick(undefined, [])?.backend.name ?? 'none'
        chosen[name] = (chosen[name] ?? 0) + 1
      }
      return chosen
    },
    /** Shares in percent, by backend. */
    shares: () =>
      Object.fromEntries(
        selector.shares().map(({ backend, share }) => [backend, Math.round(share * 1000) / 10]),
      ),
    fail: (name: string, times = 3, at = 0) => {
      for (let i = 0; i < times; i++) {
        const endpoint = of(name).endpoints[at] as LiveEndpoint
        of(name).record(endpoint, {
          ok: false,
          status: 0,
          firstByteMs: 0,
          failure: 'connect_failed',
        })
      }
    },
    succeed: (name: string, times = 1, firstByteMs = 1, at = 0) => {
      for (let i = 0; i < times; i++) {
        const endpoint = of(name).endpoints[at] as LiveEndpoint
        of(name).record(endpoint, { ok: true, status: 200, firstByteMs, failure: undefined })
      }
    },
    close: () => {
      for (const cluster of clusters) cluster.close()
      wheel.close()
    },
  }
}

const nameOf = (i: number): string => String.fromCharCode(97 + i)

function clusterOf(spec: BackendSpec, i: number): Cluster {
  const ports = spec.ports ?? Array.from({ length: spec.endpoints ?? 1 }, (_, k) => 9000 + k)
  return {
    id: nameOf(i),
    name: nameOf(i),
    ...(spec.protocol !== undefined && { protocol: spec.protocol }),
    target: {
      kind: 'service',
      namespace: 'shop',
      service: nameOf(i),
      port: 80,
      endpoints: ports.map((port, k) => {
        const zones = spec.zones?.[k]
        return { address: '127.0.0.1', port, state: 'ready', ...(zones !== undefined && { zones }) }
      }),
    },
    health: {
      passive: { ...defaultPassive, ...spec.passive },
      slowStartMs: spec.slowStartMs ?? 0,
      ...(spec.active !== undefined && { active: spec.active }),
    },
    maxConnections: 10,
    maxPending: 10,
  }
}
