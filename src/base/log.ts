import winston from 'winston'

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

/** Diagnostics. The message is constant, what varies is in the fields; never secrets, tokens or bodies. */
export interface Log {
  error(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  debug(message: string, fields?: Record<string, unknown>): void
  /** Check before building costly fields. */
  isDebug(): boolean
}

/** JSON lines on standard error, each with `fields`. */
export function createLog(level: LogLevel, fields: Record<string, unknown> = {}): Log {
  const { combine, timestamp, json, errors } = winston.format
  const logger = winston.createLogger({
    level,
    defaultMeta: fields,
    format: combine(errors({ stack: true }), timestamp(), json({ replacer: plainErrors })),
    transports: [
      new winston.transports.Console({ stderrLevels: ['error', 'warn', 'info', 'debug'] }),
    ],
  })
  return {
    error: (message, fields) => void logger.error(message, fields),
    warn: (message, fields) => void logger.warn(message, fields),
    info: (message, fields) => void logger.info(message, fields),
    debug: (message, fields) => void logger.debug(message, fields),
    isDebug: () => logger.isDebugEnabled(),
  }
}

/** JSON.stringify prints an Error as `{}`. */
const plainErrors = (_: string, value: unknown): unknown =>
  value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value
