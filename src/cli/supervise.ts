import { startAdmin } from '../base/admin.ts'
import { systemClock } from '../base/clock.ts'
import { systemDice } from '../base/dice.ts'
import { untilStopped } from '../base/lifecycle.ts'
import type { Log } from '../base/log.ts'
import { findFacts } from '../base/runtime-facts.ts'
import { ControllerMetrics } from '../controller/controller-metrics.ts'
import type { ControllerState } from '../controller/state.ts'
import { conditionsPath, type LiveCondition } from '../proxy/runtime/live-conditions.ts'
import { Supervisor } from '../proxy/workers/supervisor.ts'
import { threadPoolSize } from './config.ts'
import { openController } from './open-controller.ts'
import { openMetrics } from './process-metrics.ts'
import type { StandaloneFlags } from './standalone.ts'
import { statusRoute } from './status-route.ts'
import { supervisorRoutes } from './supervisor-routes.ts'

/**
 * A young generation of 2 × 32 MiB: 4 to 5 % less CPU a request on Node 20, whose own is half of it. V8 takes it from
 * the command line only, so that a gateway alone has Node's own (ADR 13).
 */
const execArgv = ['--min-semi-space-size=32', '--max-semi-space-size=32']

/** The controller in this process, data planes in others. */
export async function supervise(flags: StandaloneFlags, log: Log): Promise<void> {
  const { metrics, loop } = openMetrics(systemClock)
  const controllerMetrics = new ControllerMetrics(metrics)
  const supervisor = new Supervisor({
    workers: flags.workers,
    clock: systemClock,
    dice: systemDice,
    log,
    metrics,
    allowLoopback: flags.allowLoopback ?? false,
    execArgv,
    broken() {
      log.error('no worker stays alive; this process ends, so that the platform starts it anew')
      process.exit(1)
    },
  })
  process.on('exit', () => supervisor.kill())
  const stopped = untilStopped(log)
  let state: ControllerState | undefined
  const controller = await openController(flags, log, (next) => {
    state = next
    controllerMetrics.compiled(next)
    supervisor.publish(next.snapshot)
  })
  const port = await Promise.race([supervisor.start(), stopped])
  if (port === undefined) process.exit(0)
  const progress = () => ({ applied: supervisor.settled, workers: supervisor.statuses })
  const facts = findFacts(systemClock, threadPoolSize())
  const admin = await startAdmin(flags.admin, [
    ...supervisorRoutes({ supervisor, contentType: metrics.contentType, loop, facts }),
    statusRoute({ state: () => state, progress, live: () => liveConditionsOf(supervisor) }),
  ])
  log.info('ready', {
    http: `${flags.http.host}:${port}`,
    ...(flags.https !== undefined && { https: `${flags.https.host}:${supervisor.httpsPort}` }),
    admin: `${flags.admin.host}:${admin.port}`,
    objects: state?.statuses.length ?? 0,
    workers: flags.workers,
  })
  process.on('SIGUSR2', () => supervisor.reopenLogs())
  await stopped
  controller.close()
  await supervisor.stop()
  await admin.close()
  process.exit(0)
}

async function liveConditionsOf(supervisor: Supervisor): Promise<LiveCondition[]> {
  const pages = await supervisor.page(conditionsPath, '', 'all')
  return pages.filter(({ status }) => status === 200).flatMap(({ body }) => body as LiveCondition[])
}
