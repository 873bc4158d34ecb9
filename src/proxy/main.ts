import type { Clock } from '../base/clock.ts'
import type { Dice } from '../base/dice.ts'
import type { Log } from '../base/log.ts'
import { MemoryPressure } from '../base/memory-pressure.ts'
import { openFileLimit } from '../base/open-files.ts'
import { Wheel } from '../base/wheel.ts'
import { parseCidrs } from '../model/address.ts'
import { printDuration } from '../model/duration.ts'
import { type AccessLogSettings, defaultSettings, type Limits } from '../model/settings.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { DataPlane } from './data-plane.ts'
import type { KeyStore } from './runtime/authorizers.ts'
import { certificateExpiries } from './runtime/certificate-expiry.ts'
import type { HealthLink } from './runtime/health-link.ts'
import type { LiveState } from './runtime/live-gauges.ts'
import type { ProxyMetrics } from './runtime/proxy-metrics.ts'
import { Runtime } from './runtime/runtime.ts'
import type { Share } from './runtime/share.ts'
import { Admission } from './server/admission.ts'
import { Listener, type ListenerTls } from './server/listener.ts'
import type { Refused } from './stages/access-line.ts'
import { createEntry, type Entry, type Observe } from './stages/entry.ts'

interface Place {
  readonly host: string
  readonly port: number
}

export interface ProxyOptions {
  readonly clock: Clock
  readonly dice: Dice
  readonly log: Log
  readonly metrics: ProxyMetrics
  /** Address and port of the plain listener; port 0 takes a free one. */
  readonly http: Place
  /** The same of the listener with TLS; absent: there is none. */
  readonly https?: Place
  readonly region: string
  /** The zone it runs in, for the hints of EndpointSlices. */
  readonly zone?: string
  /** Names of backends and issuers are not looked for in the search domains of the system. */
  readonly absoluteNames?: boolean
  readonly allowLoopback: boolean
  /** Called once for each exchange that is over. */
  readonly observe?: Observe
  /** Called for each message that was refused before it was a request. */
  readonly refused?: (refused: Refused, settings: AccessLogSettings) => void
  /** Where fetched keys of issuers outlive the process. */
  readonly keyStore?: KeyStore
  /** One of several workers: its part of the limits, and how health is shared. */
  readonly share?: Share
  readonly health?: HealthLink
  /** Files that may be open; by default what the system allows this process. */
  readonly openFiles?: number
}

/** Of the files that may be open; the rest is for backends, and for logs and probes. */
const shareForClients = 0.8

const nothing: Snapshot = {
  format: 1,
  digest: '',
  settings: defaultSettings,
  hosts: [],
  clusters: [],
  authorizers: [],
  secrets: {},
}

export function createProxy(options: ProxyOptions): DataPlane {
  const wheel = new Wheel(options.clock)
  const runtime = new Runtime({ ...options, wheel }, nothing)
  const entry = createEntry(runtime, options.observe)
  let isListening = false
  let isStopping = false
  let trusted = parseCidrs(defaultSettings.trustedProxies)
  const admission = new Admission((address) => trusted.contains(address))
  const listeners = newListeners(options, runtime, entry, admission)
  const all = <T>(act: (listener: Listener) => T): T[] => listeners.map(act)
  const memory = watchMemory(options, runtime, listeners)
  options.metrics.live = liveState(runtime, entry, listeners)
  const drain = (timeoutMs: number) => drainAll(options, listeners, timeoutMs)
  return {
    runtime,
    get inFlight() {
      return entry.inFlight
    },
    get connections() {
      return listeners.reduce((sum, { connections }) => sum + connections, 0)
    },
    get httpsPort() {
      return runtime.httpsPort
    },
    apply(snapshot) {
      const startedMs = options.clock.nowMs()
      runtime.apply(snapshot)
      const seconds = (options.clock.nowMs() - startedMs) / 1000
      options.metrics.applied(snapshot, options.clock.wallMs(), seconds)
      trusted = parseCidrs(snapshot.settings.trustedProxies)
      all((listener) => listener.configure(snapshot.settings, limitsOf(options, runtime)))
    },
    get unready() {
      return namesOf({
        'no configuration was applied yet': runtime.generation === 0,
        'the listener is not open': !isListening,
        'it is draining': isStopping,
      })
    },
    async listen() {
      const [port, httpsPort] = await Promise.all(all((listener) => listener.listen()))
      runtime.httpsPort = httpsPort
      isListening = true
      return port as number
    },
    async shutDown() {
      isStopping = true
      all((listener) => listener.retire())
      const { minMs, timeoutMs } = runtime.snapshot.settings.drain
      if (minMs > 0) await new Promise<void>((resolve) => void options.clock.after(minMs, resolve))
      await drain(timeoutMs)
    },
    drain,
    close() {
      memory.close()
      all((listener) => listener.destroy())
      runtime.close()
      wheel.close()
    },
  }
}

async function drainAll(
  { log }: ProxyOptions,
  listeners: readonly Listener[],
  timeoutMs: number,
): Promise<void> {
  const cut = await Promise.all(listeners.map((listener) => listener.drain(timeoutMs)))
  const requests = cut.reduce((sum, each) => sum + each, 0)
  if (requests === 0) return
  log.warn('requests were cut: they were not over when the time to drain was', {
    requests,
    'drain.timeout': printDuration(timeoutMs),
  })
}

/** The plain listener, then the one with TLS, if there is one. */
function newListeners(
  options: ProxyOptions,
  runtime: Runtime,
  { handle }: Entry,
  admission: Admission,
): readonly Listener[] {
  const common = {
    clock: options.clock,
    wheel: runtime.wheel,
    dice: options.dice,
    handle,
    clocks: defaultSettings.clocks,
    limits: limitsOf(options, runtime),
    admission,
    observer: options.metrics.listener,
    refused: (refused: Refused) => options.refused?.(refused, runtime.snapshot.settings.accessLog),
  }
  const plain = new Listener({ ...options.http, ...common })
  if (options.https === undefined) return [plain]
  return [plain, new Listener({ ...options.https, ...common, tls: tlsOf(options, runtime) })]
}

const tlsOf = ({ log, metrics }: ProxyOptions, runtime: Runtime): ListenerTls => ({
  policyFor: (serverName) => runtime.tlsPolicy(serverName),
  done: metrics.handshake,
  unusable: (hostname, error) =>
    log.error('a certificate cannot be shown', { hostname: hostname || 'the default', error }),
})

const limitsOf = ({ openFiles = openFileLimit() }: ProxyOptions, { limits }: Runtime): Limits => ({
  ...limits,
  connections: Math.min(limits.connections, Math.floor(openFiles * shareForClients)),
})

/** Those that are true. */
const namesOf = (conditions: Readonly<Record<string, boolean>>): readonly string[] =>
  Object.keys(conditions).filter((name) => conditions[name] === true)

const liveState = (runtime: Runtime, entry: Entry, listeners: readonly Listener[]): LiveState => ({
  get inFlight() {
    return entry.inFlight
  },
  connections: () => listeners.map(({ states }) => states),
  certificates: () => certificateExpiries(runtime.snapshot),
  clusters: () => runtime.clusters.values(),
  authorizers: () => runtime.authorizers.values(),
  rules: () => runtime.router.hosts().flatMap(({ entries }) => entries.map(({ rule }) => rule)),
  selectorOf: (rule) => runtime.selectors.get(rule),
})

const watchMemory = (
  { clock, log }: ProxyOptions,
  runtime: Runtime,
  listeners: readonly Listener[],
): MemoryPressure =>
  new MemoryPressure(
    clock,
    () => runtime.snapshot.settings.limits,
    (level) => {
      runtime.pressure = level
      log.warn('memory pressure changed', { pressure: level })
      if (level !== 'shed') return
      for (const listener of listeners) listener.shed()
      runtime.shed()
    },
    // The workers and their supervisor.
    runtime.share.of === 1 ? 1 : runtime.share.of + 1,
  )
