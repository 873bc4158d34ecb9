import cluster from 'node:cluster'
import { dieOnFault, takeSignals } from '../base/lifecycle.ts'
import { createLog, type Log } from '../base/log.ts'
import { openStateFolder } from '../base/state-folder.ts'
import type { StandaloneFlags } from './standalone.ts'
import { startFault } from './start-fault.ts'

/** What this process is: a gateway alone, one of several workers, or their supervisor. Runs until it is asked to stop. */
type Role = (flags: StandaloneFlags, log: Log) => Promise<void>

/** Runs until a signal asks it to stop. Faults at the start are told in one line and end the process with 1. */
export async function runStandalone(flags: StandaloneFlags): Promise<void> {
  const log = createLog(flags.logLevel, cluster.isWorker ? { pid: process.pid } : {})
  dieOnFault(log)
  if (!cluster.isWorker)
    takeSignals(log, 'manifests and settings are watched; SIGUSR2 opens the access log anew')
  try {
    if (flags.state !== undefined && !cluster.isWorker) openStateFolder(flags.state)
    const run = await roleOf(flags)
    await run(flags, log)
  } catch (error) {
    process.stderr.write(`fairlead standalone: ${startFault(error, flags)}\n`)
    process.exit(1)
  }
}

/** Each role loads only what it needs: a supervisor no data plane, a worker no controller. */
async function roleOf(flags: StandaloneFlags): Promise<Role> {
  if (flags.workers === 1) return (await import('./serve-alone.ts')).serveAlone
  if (cluster.isWorker) return (await import('./serve-as-worker.ts')).serveAsWorker
  return (await import('./supervise.ts')).supervise
}
