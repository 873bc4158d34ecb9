import { systemClock } from '../base/clock.ts'
import { LineWriter } from '../base/line-writer.ts'
import type { AccessLogSettings } from '../model/settings.ts'
import { accessLine } from '../proxy/stages/access-line.ts'
import type { Observe } from '../proxy/stages/entry.ts'

export interface AccessLog {
  readonly observe: Observe
  /** After a rotation. */
  reopen(): void
}

/**
 * The access log of one process; what is left is written when it exits. Undefined for `off`.
 *
 * @param writers `several`: other processes write to the same, each line stays whole
 */
export function openAccessLog(file: string, writers: 'one' | 'several'): AccessLog | undefined {
  if (file === 'off') return undefined
  const lines = new LineWriter(file, systemClock, writers)
  process.on('exit', () => lines.close())
  const settle = bounded(lines.longestLine)
  return {
    observe: (exchange, complete, seconds) => {
      const settings = settle(exchange.runtime.snapshot.settings.accessLog)
      lines.write(accessLine(exchange, complete, seconds, systemClock.wallMs(), settings))
    },
    reopen: () => lines.reopen(),
  }
}

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
