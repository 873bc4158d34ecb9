import { isatty } from 'node:tty'
import type { Log } from './log.ts'

/** From a terminal SIGHUP says that it is gone; without one it is somebody's wish for a reload. */
const hasTerminal = (): boolean => isatty(0)

/** What asks for the end. Few would send SIGQUIT for a core dump, and those who do lose no request. */
const endings = (): NodeJS.Signals[] => [
  ...(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const),
  ...(hasTerminal() ? (['SIGHUP'] as const) : []),
]

/** Resolves at the first signal that asks for the end; a second one ends the process at once. */
export function untilStopped(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false
    const stop = (signal: NodeJS.Signals) => {
      if (signal === 'SIGHUP') outliveTerminal()
      // The kernel and the shell both tell that a terminal is gone: nobody insists.
      if (isStopping && signal === 'SIGHUP') return
      if (isStopping) process.exit(1)
      isStopping = true
      log.info('stopping: requests in flight are finished first', { signal })
      resolve()
    }
    for (const signal of endings()) process.on(signal, stop)
  })
}

/** A terminal that is gone takes nothing more: that must not end what is in flight. */
function outliveTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

/**
 * Takes the signals that must do nothing here, and says so: at SIGUSR1 Node would open its inspector, at SIGHUP the
 * process would end.
 *
 * @param instead what somebody who wants a reload should know
 */
export function takeSignals(log: Log, instead: string): void {
  const ignore = (signal: NodeJS.Signals, because: string) =>
    process.on(signal, () => log.info('this signal does nothing', { signal, because }))
  ignore('SIGUSR1', 'no debugger can be opened in this process')
  if (!hasTerminal()) ignore('SIGHUP', instead)
}

/** A process under another one that says what follows from a signal. They come to the whole group from a terminal and from systemd. */
export function leaveSignals(): void {
  for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGHUP', ...endings()] as const)
    process.on(signal, () => {})
  if (hasTerminal()) process.on('SIGHUP', outliveTerminal)
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
