import { startAdmin } from '../base/admin.ts'
import { systemClock } from '../base/clock.ts'
import { systemDice } from '../base/dice.ts'
import { untilStopped } from '../base/lifecycle.ts'
import type { Log } from '../base/log.ts'
import { findFacts } from '../base/runtime-facts.ts'
import { ControllerMetrics } from '../controller/controller-metrics.ts'
import type { ControllerState } from '../controller/state.ts'
import { proxyRoutes } from '../proxy/admin-routes.ts'
import type { DataPlane } from '../proxy/data-plane.ts'
import { KeyFile } from '../proxy/feed/key-file.ts'
import { liveConditions } from '../proxy/runtime/live-conditions.ts'
import { ProxyMetrics } from '../proxy/runtime/proxy-metrics.ts'
import { openAccessLog } from './access-observer.ts'
import { threadPoolSize } from './config.ts'
import { openController } from './open-controller.ts'
import { openMetrics } from './process-metrics.ts'
import type { StandaloneFlags } from './standalone.ts'
import { statusRoute } from './status-route.ts'

/** Both halves in this process: one event loop. */
export async function serveAlone(flags: StandaloneFlags, log: Log): Promise<void> {
  const { metrics, loop } = openMetrics(systemClock)
  const proxyMetrics = new ProxyMetrics(metrics)
  const controllerMetrics = new ControllerMetrics(metrics)
  const accessLog = openAccessLog({ file: flags.accessLog, writers: 'one', log, metrics })
  process.on('SIGUSR2', () => accessLog?.reopen())
  const keyStore = flags.state === undefined ? undefined : new KeyFile(flags.state, log)
  const { createProxy } = await import('../proxy/main.ts')
  const proxy = createProxy({
    clock: systemClock,
    dice: systemDice,
    log,
    metrics: proxyMetrics,
    http: flags.http,
    ...(flags.https !== undefined && { https: flags.https }),
    region: flags.region,
    allowLoopback: flags.allowLoopback ?? false,
    ...(keyStore !== undefined && { keyStore }),
    ...accessLog?.observers,
  })
  let state: ControllerState | undefined
  const progress = () => ({ applied: proxy.runtime.snapshot.digest === state?.snapshot.digest })
  const facts = findFacts(systemClock, threadPoolSize())
  // First of all: while the rest starts, /readyz says what it waits for.
  const admin = await startAdmin(flags.admin, [
    ...proxyRoutes({ proxy, metrics, loop, facts }),
    statusRoute({
      state: () => state,
      progress,
      live: () => liveConditions(proxy.runtime.authorizers.values()),
    }),
  ])
  const controller = await openController(flags, log, (next) => {
    state = next
    controllerMetrics.compiled(next)
    applyTo(proxy, next, proxyMetrics, log)
  })
  const port = await proxy.listen()
  log.info('ready', {
    http: `${flags.http.host}:${port}`,
    ...(flags.https !== undefined && { https: `${flags.https.host}:${proxy.httpsPort}` }),
    admin: `${flags.admin.host}:${admin.port}`,
    objects: state?.statuses.length ?? 0,
  })
  await untilStopped(log)
  controller.close()
  await proxy.shutDown()
  proxy.close()
  await admin.close()
  await keyStore?.settled()
  await accessLog?.close()
  process.exit(0)
}

function applyTo(proxy: DataPlane, next: ControllerState, metrics: ProxyMetrics, log: Log): void {
  try {
    proxy.apply(next.snapshot)
  } catch (error) {
    metrics.refusedSnapshot()
    log.error('the snapshot cannot be applied; the one before stays in force', { error })
  }
}
