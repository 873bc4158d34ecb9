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
