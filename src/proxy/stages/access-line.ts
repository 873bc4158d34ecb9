import type { AccessLogSettings } from '../../model/settings.ts'
import type { Exchange } from './exchange.ts'

/** Everything a line can say of an exchange, by its name; the standard line has them in this order. */
const standard: readonly (readonly [string, (facts: Facts) => string])[] = [
  ['time', ({ time }) => quote(time)],
  ['request_id', ({ exchange }) => quote(exchange.id)],
  ['client_request_id', ({ exchange }) => optional(exchange.clientRequestId)],
  ['trace_id', ({ exchange }) => quote(exchange.traceId)],
  ['method', ({ exchange }) => quote(exchange.request.head.method)],
  ['host', ({ exchange }) => quote(exchange.request.head.host)],
  [
    'path',
    ({ exchange, settings }) =>
      quote(
        settings.query
          ? exchange.request.head.rawPath + exchange.query
          : exchange.request.head.rawPath,
      ),
  ],
  ['protocol', ({ exchange }) => quote(`HTTP/${exchange.request.protocol}`)],
  ['status', ({ exchange }) => String(exchange.status)],
  ['complete', ({ complete }) => String(complete)],
  ['failure', ({ exchange }) => optional(exchange.failure?.code ?? '')],
  ['failure_clock', ({ exchange }) => optional(exchange.failureDetail?.clock ?? '')],
  ['bytes_in', ({ exchange }) => String(exchange.request.body.received)],
  ['bytes_out', ({ exchange }) => String(exchange.reply.bodyBytes)],
  ['duration_ms', ({ seconds }) => milliseconds(seconds * 1000)],
  [
    'first_byte_ms',
    ({ exchange }) => (exchange.firstByteMs === 0 ? '' : milliseconds(exchange.firstByteMs)),
  ],
  ['route', ({ exchange }) => optional(exchange.rule?.route ?? '')],
  ['rule', ({ exchange }) => optional(exchange.rule?.name ?? '')],
  ['authorizer', ({ exchange }) => optional(exchange.authorization?.authorizer ?? '')],
  ['verdict', ({ exchange }) => optional(exchange.authorization?.verdict ?? '')],
  ['principal', ({ exchange }) => optional(exchange.authorization?.principal ?? '')],
  ['attempts', ({ exchange }) => attempts(exchange)],
  ['client', ({ exchange }) => quote(exchange.client)],
  ['user_agent', ({ exchange }) => optional(exchange.request.head.headers.get('user-agent') ?? '')],
]

interface Facts {
  readonly exchange: Exchange
  readonly complete: boolean
  readonly seconds: number
  readonly time: string
  readonly settings: AccessLogSettings
}

/** Names that people know from Amazon API Gateway's `$context`, for custom lines. */
const aliases: Readonly<Record<string, string>> = {
  '$context.requestId': 'request_id',
  '$context.extendedRequestId': 'request_id',
  '$context.requestTime': 'time',
  '$context.httpMethod': 'method',
  '$context.path': 'path',
  '$context.protocol': 'protocol',
  '$context.status': 'status',
  '$context.responseLength': 'bytes_out',
  '$context.responseLatency': 'duration_ms',
  '$context.integrationLatency': 'first_byte_ms',
  '$context.domainName': 'host',
  '$context.routeKey': 'rule',
  '$context.identity.sourceIp': 'client',
  '$context.identity.userAgent': 'user_agent',
  '$context.error.responseType': 'failure',
  '$context.authorizer.principalId': 'principal',
  '$context.xrayTraceId': 'trace_id',
}

const byName = new Map(standard)

/** One JSON line, with its newline. Hostile bytes are escaped; a line over the limit says that it was cut and by how much. */
export function accessLine(
  exchange: Exchange,
  complete: boolean,
  seconds: number,
  wallMs: number,
  settings: AccessLogSettings,
): string {
  const facts: Facts = { exchange, complete, seconds, time: timeText(wallMs), settings }
  const custom = Object.entries(settings.fields)
  const fields =
    custom.length === 0
      ? standard
      : custom.map(
          ([name, source]) => [name, byName.get(aliases[source] ?? source) ?? (() => '')] as const,
        )
  let line = '{'
  for (const [name, print] of fields) {
    const value = print(facts)
    if (value !== '') line += `${line.length === 1 ? '' : ','}"${name}":${value}`
  }
  return line.length <= settings.maxLineBytes
    ? `${line}}\n`
    : truncated(exchange, line.length - settings.maxLineBytes)
}

function truncated(exchange: Exchange, bytes: number): string {
  return `{"request_id":${quote(exchange.id)},"status":${exchange.status},"truncated":true,"truncated_bytes":${bytes}}\n`
}

const optional = (text: string): string => (text === '' ? '' : quote(text))
const milliseconds = (ms: number): string => String(Math.round(ms * 1000) / 1000)

/** Escapes only what a scan finds: most texts need nothing. */
function quote(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code > 126 || code === 34 || code === 92)
      return JSON.stringify(text).replace(
        /[\u007f-\uffff]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
  }
  return `"${text}"`
}

function attempts(exchange: Exchange): string {
  if (exchange.attempts === undefined) return ''
  return `[${exchange.attempts.map(({ backend, region, outcome, ms }) => `{"backend":${quote(backend)},"region":${quote(region)},"outcome":${quote(outcome)},"ms":${milliseconds(ms)}}`).join(',')}]`
}

let lastMs = -1
let lastText = ''

function timeText(wallMs: number): string {
  if (wallMs !== lastMs) {
    lastMs = wallMs
    lastText = new Date(wallMs).toISOString()
  }
  return lastText
}
