import { type Clock, systemClock } from '../../src/base/clock.ts'
import { seededDice } from '../../src/base/dice.ts'
import type { Log } from '../../src/base/log.ts'
import { Metrics } from '../../src/base/metrics.ts'
import type { PassiveHealth } from '../../src/model/cluster.ts'
import { digestOf } from '../../src/model/digest.ts'
import { defaultSettings, type Settings } from '../../src/model/settings.ts'
import type { Forward, Rule, Snapshot } from '../../src/model/snapshot.ts'
import type { DataPlane } from '../../src/proxy/data-plane.ts'
import { createProxy } from '../../src/proxy/main.ts'
import type { KeyStore } from '../../src/proxy/runtime/authorizers.ts'
import { ProxyMetrics } from '../../src/proxy/runtime/proxy-metrics.ts'
import type { Observe } from '../../src/proxy/stages/entry.ts'
import type { Exchange } from '../../src/proxy/stages/exchange.ts'

export interface TestProxy {
  readonly port: number
  readonly proxy: DataPlane
  readonly finished: Exchange[]
  readonly rejected: string[]
  readonly errors: unknown[]
  close(): Promise<void>
}

export interface TestOptions {
  /** HTTP/2 by prior knowledge. */
  readonly h2c?: boolean
  /** Peers that must begin with a header of the PROXY protocol. */
  readonly proxyProtocolFrom?: readonly string[]
  /** A listener with TLS as well: `proxy.httpsPort`. */
  readonly https?: boolean
  readonly ports: readonly number[]
  readonly rule?: Partial<Rule>
  readonly forward?: Partial<Forward>
  readonly clocks?: Partial<Settings['clocks']>
  readonly limits?: Partial<Settings['limits']>
  /** What the backends speak, instead of HTTP/1.1. */
  readonly protocol?: 'HTTP2' | 'H2C'
  readonly passive?: Partial<PassiveHealth>
  readonly maxConnections?: number
  readonly maxPending?: number
  readonly openFiles?: number
  /** Time stands still until the test moves it. */
  readonly clock?: Clock
  /** Where keys of issuers outlive the process. */
  readonly absoluteNames?: boolean
  readonly keyStore?: KeyStore
  /** Told of each exchange that is over, instead of `finished`, which would keep them all. */
  readonly observe?: Observe
}

const noEdits = { remove: [], set: [], add: [] }
const passive = {
  consecutiveFailures: 1000,
  failurePercent: 100,
  minRequests: 100_000,
  windowMs: 10_000,
  slowFactor: 1000,
  ejectForMs: 100,
  maxEjected: 0,
  statuses: [],
}

/** One rule that forwards everything to loopback ports, as the compiler would make it. */
export function snapshotOf(options: TestOptions): Snapshot {
  const { ports } = options
  const action: Forward = {
    kind: 'forward',
    backends: ports.map((port) => ({
      name: `b${port}`,
      cluster: `c${port}`,
      region: `r${port}`,
      weight: 1,
      priority: 0,
      basePath: '',
    })),
    balance: { policy: 'LeastRequests', locality: 'Ignore' },
    retry: {
      attempts: 1,
      on: ['ConnectFailure', 'Reset'],
      statuses: [],
      backoffMs: 1,
      budgetPercent: 20,
      idempotencyKeys: 'Never',
    },
    failover: { panic: 'ServeAll', useDrained: false },
    ...options.forward,
  }
  const rule: Rule = {
    id: 'test/route/rule',
    route: 'test/route',
    name: 'rule',
    namespace: 'test',
    origin: { kind: 'ApiRoute', namespace: 'test', name: 'route', generation: 1 },
    action,
    authorize: { kind: 'public' },
    paths: { encodedSlash: 'Reject', mergeSlashes: true, underscores: 'Drop' },
    timeouts: { requestMs: 5000, backendRequestMs: 5000, connectMs: 1000, idleMs: 5000 },
    limits: { requestBody: 0, concurrency: 0 },
    stripHeaders: [],
    requestHeaders: noEdits,
    responseHeaders: noEdits,
    errors: [],
    ...options.rule,
  }
  return {
    format: 1,
    digest: JSON.stringify(ports),
    settings: {
      ...defaultSettings,
      clocks: { ...defaultSettings.clocks, ...options.clocks },
      limits: { ...defaultSettings.limits, ...options.limits },
      listeners: {
        http: {
          ...(options.h2c === true && { h2c: true }),
          ...(options.proxyProtocolFrom && { proxyProtocolFrom: options.proxyProtocolFrom }),
        },
      },
    },
    hosts: [
      {
        hostname: '*',
        digest: digestOf(rule),
        held: false,
        entries: [
          {
            match: {
              path: { kind: 'prefix', value: '/', literal: 0 },
              methods: [],
              headers: [],
              query: [],
            },
            rule,
          },
        ],
      },
    ],
    clusters: ports.map((port) => ({
      id: `c${port}`,
      name: `loopback:${port}`,
      target: { kind: 'url', scheme: 'http', hostname: '127.0.0.1', port },
      ...(options.protocol && { protocol: options.protocol }),
      health: { passive: { ...passive, ...options.passive }, slowStartMs: 0 },
      maxConnections: options.maxConnections ?? 100,
      maxPending: options.maxPending ?? 100,
    })),
    authorizers: [],
    secrets: {},
  }
}

/** A real data plane on a free loopback port. */
export async function startProxy(options: TestOptions): Promise<TestProxy> {
  const finished: Exchange[] = []
  const rejected: string[] = []
  const errors: unknown[] = []
  const log: Log = {
    error: (message, fields) => void errors.push({ message, fields }),
    warn: () => {},
    info: () => {},
    debug: () => {},
    isDebug: () => false,
  }
  const metrics = new ProxyMetrics(new Metrics())
  const { rejected: count } = metrics.listener
  metrics.listener.rejected = (fault) => {
    rejected.push(fault.reason)
    count(fault)
  }
  const proxy = createProxy({
    clock: options.clock ?? systemClock,
    ...(options.keyStore !== undefined && { keyStore: options.keyStore }),
    dice: seededDice(1),
    log,
    metrics,
    http: { host: '127.0.0.1', port: 0 },
    ...(options.https === true && { https: { host: '127.0.0.1', port: 0 } }),
    region: '',
    allowLoopback: true,
    ...(options.absoluteNames !== undefined && { absoluteNames: options.absoluteNames }),
    ...(options.openFiles !== undefined && { openFiles: options.openFiles }),
    observe: options.observe ?? ((exchange) => void finished.push(exchange)),
  })
  proxy.apply(snapshotOf(options))
  const port = await proxy.listen()
  return {
    port,
    proxy,
    finished,
    rejected,
    errors,
    close: async () => {
      const drained = proxy.drain(0)
      proxy.close()
      await drained
    },
  }
}
