import type { Log } from './log.ts'

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function untilStopped(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false
    const stop = (signal: NodeJS.Signals) => {
      if (isStopping) process.exit(1)
      isStopping = true
      log.info('stopping: requests in flight are finished first', { signal })
      resolve()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}

/**
 * An error that nobody caught is told and ends the process with 1: what it left behind is not known, so that serving on
 * would be a guess (D9). Exit listeners still run.
 */
export function dieOnFault(log: Log): void {
  const die = (error: unknown) => {
    log.error('an error that nobody caught; this process ends', { error })
    process.exit(1)
  }
  process.on('uncaughtException', die)
  process.on('unhandledRejection', die)
}
