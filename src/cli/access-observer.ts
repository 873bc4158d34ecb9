import { systemClock } from '../base/clock.ts'
import { LineWriter } from '../base/line-writer.ts'
import type { Log } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import type { AccessLogSettings } from '../model/settings.ts'
import { accessLine, type Refused, refusalLine } from '../proxy/stages/access-line.ts'
import type { Observe } from '../proxy/stages/entry.ts'

export interface AccessLog {
  /** What a data plane is given. */
  readonly observers: {
    readonly observe: Observe
    readonly refused: (refused: Refused, settings: AccessLogSettings) => void
  }
  /** After a rotation. */
  reopen(): void
  /** Writes what is left, as far as the sink takes it. */
  close(): Promise<void>
}

export interface AccessLogOptions {
  /** A file, `-` or `off`. */
  readonly file: string
  /** `several`: other processes write to the same, each line stays whole. */
  readonly writers: 'one' | 'several'
  readonly log: Log
  readonly metrics: Metrics
}

/** The access log of one process. Undefined for `off`. */
export function openAccessLog(options: AccessLogOptions): AccessLog | undefined {
  const { file, writers, log, metrics } = options
  const lines = file === 'off' ? undefined : openLines(file, writers, log)
  metrics.computed(
    {
      name: 'fairlead_access_log_dropped_total',
      help: 'Lines of the access log that its sink did not take.',
      labels: [],
      type: 'counter',
    },
    () => [[[], lines?.dropped ?? 0]],
  )
  if (lines === undefined) return undefined
  process.on('exit', () => lines.closeNow())
  const settle = bounded(lines.longestLine)
  return {
    observers: {
      observe: (exchange, complete, seconds) => {
        const settings = settle(exchange.runtime.snapshot.settings.accessLog)
        lines.write(accessLine(exchange, complete, seconds, systemClock.wallMs(), settings))
      },
      refused: (refused, settings) =>
        lines.write(refusalLine(refused, systemClock.wallMs(), settings)),
    },
    reopen: () => lines.reopen(),
    close: () => lines.close(),
  }
}

const openLines = (file: string, writers: 'one' | 'several', log: Log): LineWriter =>
  new LineWriter({
    file,
    writers,
    clock: systemClock,
    failed: (error) =>
      log.error('the access log cannot be written; lines are dropped', { file, error }),
  })

/** The settings with lines no longer than the sink takes whole. Made once for each settings that come. */
function bounded(longestLine: number): (settings: AccessLogSettings) => AccessLogSettings {
  let given: AccessLogSettings | undefined
  let settled: AccessLogSettings | undefined
  return (settings) => {
    if (given !== settings || settled === undefined) {
      given = settings
      // A line has its closing brace and its newline beyond what is counted.
      const maxLineBytes = Math.min(settings.maxLineBytes, longestLine - 2)
      settled = maxLineBytes === settings.maxLineBytes ? settings : { ...settings, maxLineBytes }
    }
    return settled
  }
}
