import { systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Controller, ControllerState } from '../controller/state.ts'
import { isGood, printStatus } from './print-status.ts'
import { reportProblems } from './report-problems.ts'
import type { StandaloneFlags } from './standalone.ts'

/** The controller of a directory, started: `publish` has been called once. What changes for the worse is logged. */
export async function openController(
  flags: StandaloneFlags,
  log: Log,
  publish: (state: ControllerState) => void,
): Promise<Controller> {
  const [{ createController }, { CertificateLog, certificatesOf }] = await Promise.all([
    import('../controller/main.ts'),
    import('../controller/certificate-log.ts'),
  ])
  const certificates = new CertificateLog(systemClock, log)
  let state: ControllerState | undefined
  const controller = createController({
    clock: systemClock,
    log,
    directory: flags.config,
    settings: flags.settings,
    state: flags.state,
    className: flags.class,
    allowLoopback: flags.allowLoopback ?? false,
    publish(next) {
      report(next, state, log)
      certificates.update(certificatesOf(next))
      state = next
      publish(next)
    },
  })
  controller.start()
  return controller
}

/** Says what changed for the worse or the better; a quiet edit says nothing. */
function report(next: ControllerState, before: ControllerState | undefined, log: Log): void {
  const known = new Set([
    ...(before?.statuses ?? []).filter((status) => !isGood(status)).map(printStatus),
  ])
  reportProblems(next.problems, before?.problems ?? [], log)
  for (const status of next.statuses) {
    if (!isGood(status) && !known.has(printStatus(status)))
      log.warn('an object has problems', {
        object: `${status.kind} ${status.namespace}/${status.name}`,
        conditions: status.conditions.filter(({ status: value }) => value === 'False'),
      })
  }
  log.debug('compiled', { ms: next.compileMs, digest: next.snapshot.digest })
}
