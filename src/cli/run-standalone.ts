import { type Admin, type AdminRoute, startAdmin } from '../base/admin.ts'
import { systemClock } from '../base/clock.ts'
import { systemDice } from '../base/dice.ts'
import { dieOnFault, untilStopped } from '../base/lifecycle.ts'
import { LineWriter } from '../base/line-writer.ts'
import { createLog, type Log } from '../base/log.ts'
import { Metrics } from '../base/metrics.ts'
import { findFacts } from '../base/runtime-facts.ts'
import { printSourceProblem } from '../controller/sources/stock.ts'
import type { Controller, ControllerState } from '../controller/state.ts'
import { proxyRoutes } from '../proxy/admin-routes.ts'
import type { DataPlane } from '../proxy/data-plane.ts'
import { ProxyMetrics } from '../proxy/runtime/proxy-metrics.ts'
import { accessLine } from '../proxy/stages/access-line.ts'
import type { Observe } from '../proxy/stages/entry.ts'
import { threadPoolSize } from './config.ts'
import type { Address } from './options.ts'
import { isGood, printStatus } from './print-status.ts'
import type { StandaloneFlags } from './standalone.ts'

/** Runs until a signal asks it to stop. Faults at the start are told in one line and end the process with 1. */
export async function runStandalone(flags: StandaloneFlags): Promise<void> {
  const log = createLog(flags.logLevel)
  dieOnFault(log)
  try {
    await run(flags, log)
  } catch (error) {
    process.stderr.write(`fairlead standalone: ${startFault(error, flags)}\n`)
    process.exit(1)
  }
}

async function run(flags: StandaloneFlags, log: Log): Promise<void> {
  const metrics = new Metrics().withProcess()
  const proxyMetrics = new ProxyMetrics(metrics)
  const accessLog =
    flags.accessLog === 'off' ? undefined : new LineWriter(flags.accessLog, systemClock)
  const { createProxy } = await import('../proxy/main.ts')
  const proxy = createProxy({
    clock: systemClock,
    dice: systemDice,
    log,
    metrics: proxyMetrics,
    http: flags.http,
    region: flags.region,
    allowLoopback: flags.allowLoopback ?? false,
    ...(accessLog !== undefined && { observe: accessObserver(accessLog) }),
  })
  let state: ControllerState | undefined
  const controller = await openController(flags, log, (next) => {
    report(next, state, log)
    state = next
    applyTo(proxy, next, proxyMetrics, log)
  })
  const port = await proxy.listen()
  const facts = findFacts(systemClock, threadPoolSize())
  const routes: AdminRoute[] = [...proxyRoutes(proxy, metrics, facts), statusRoute(() => state)]
  const admin = await startAdmin(flags.admin, routes)
  log.info('ready', {
    http: `${flags.http.host}:${port}`,
    admin: `${flags.admin.host}:${admin.port}`,
    objects: state?.statuses.length ?? 0,
  })
  process.on('SIGUSR2', () => accessLog?.reopen())
  process.on('exit', () => accessLog?.close())
  await untilStopped(log)
  await stop(proxy, admin, () => controller.close())
  process.exit(0)
}

const accessObserver =
  (accessLog: LineWriter): Observe =>
  (exchange, complete, seconds) => {
    const settings = exchange.runtime.snapshot.settings.accessLog
    accessLog.write(accessLine(exchange, complete, seconds, systemClock.wallMs(), settings))
  }

async function openController(
  flags: StandaloneFlags,
  log: Log,
  publish: (state: ControllerState) => void,
): Promise<Controller> {
  const { createController } = await import('../controller/main.ts')
  const controller = createController({
    clock: systemClock,
    log,
    directory: flags.config,
    settings: flags.settings,
    state: flags.state,
    className: flags.class,
    allowLoopback: flags.allowLoopback ?? false,
    publish,
  })
  controller.start()
  return controller
}

function applyTo(proxy: DataPlane, next: ControllerState, metrics: ProxyMetrics, log: Log): void {
  try {
    proxy.apply(next.snapshot)
  } catch (error) {
    metrics.refusedSnapshot()
    log.error('the snapshot cannot be applied; the one before stays in force', { error })
  }
}

async function stop(proxy: DataPlane, admin: Admin, closeController: () => void): Promise<void> {
  closeController()
  await proxy.shutDown()
  proxy.close()
  await admin.close()
}

const statusRoute = (state: () => ControllerState | undefined): AdminRoute => ({
  path: '/debug/status',
  what: 'conditions of every object, and problems with files',
  isLocal: true,
  answer: () => ({
    status: 200,
    body: { statuses: state()?.statuses ?? [], problems: state()?.problems ?? [] },
  }),
})

/** Says what changed for the worse or the better; a quiet edit says nothing. */
function report(next: ControllerState, before: ControllerState | undefined, log: Log): void {
  const known = new Set([
    ...(before?.problems ?? []).map(printSourceProblem),
    ...(before?.statuses ?? []).filter((status) => !isGood(status)).map(printStatus),
  ])
  for (const problem of next.problems) {
    const text = printSourceProblem(problem)
    if (!known.has(text))
      log.warn('a file has a problem; what it held before stays in force', { problem: text })
  }
  for (const status of next.statuses) {
    if (!isGood(status) && !known.has(printStatus(status)))
      log.warn('an object has problems', {
        object: `${status.kind} ${status.namespace}/${status.name}`,
        conditions: status.conditions.filter(({ status: value }) => value === 'False'),
      })
  }
  log.debug('compiled', { ms: next.compileMs, digest: next.snapshot.digest })
}

/** One sentence that says what to do. */
function startFault(error: unknown, flags: StandaloneFlags): string {
  const { code, port, path, message } = error as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE') {
    const name = port === flags.admin.port ? '--admin' : '--http'
    return `port ${port} is taken; stop what uses it, or give another one with ${name} ${print(name === '--admin' ? flags.admin : flags.http, (port ?? 0) + 1)}`
  }
  if (code === 'EACCES' && port !== undefined)
    return `port ${port} may not be opened by this user; take one above 1023`
  if (code === 'ENOENT') return `${path ?? flags.config} does not exist`
  return message
}

const print = ({ host }: Address, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`
