import { type AccessLogField, accessLogField, accessLogFields } from '../../model/access-log.ts'
import { failures } from '../../model/failure.ts'
import type { AccessLogSettings } from '../../model/settings.ts'
import type { ParseFault, Peer } from '../http1/message.ts'
import { callEnd } from './call-end.ts'
import type { Exchange } from './exchange.ts'
import type { CallEnd } from './grpc.ts'
import { loggedQuery } from './logged-query.ts'
import { LoggedText } from './logged-text.ts'

interface Facts {
  readonly exchange: Exchange
  readonly complete: boolean
  readonly seconds: number
  readonly time: string
  readonly settings: AccessLogSettings
  readonly text: LoggedText
}

/** The value as JSON; '' leaves the field out. */
type Print = (facts: Facts) => string

const printers: Readonly<Record<AccessLogField, Print>> = {
  time: ({ time }) => `"${time}"`,
  request_id: ({ exchange, text }) => text.text(exchange.id),
  client_request_id: ({ exchange, text }) => unlessEmpty(exchange.clientRequestId, text),
  trace_id: ({ exchange, text }) => text.text(exchange.traceId),
  'http.request.method': ({ exchange, text }) => text.bytes(exchange.request.head.method),
  'server.address': ({ exchange, text }) => text.bytes(exchange.request.head.hostname),
  'server.port': ({ exchange }) => portOf(exchange.request.head),
  'url.path': ({ exchange, text }) => text.bytes(exchange.request.head.rawPath),
  'url.query': ({ exchange, text, settings }) =>
    settings.query && exchange.request.head.query.length > 1
      ? text.bytes(loggedQuery(exchange.request.head.query.slice(1), exchange.runtime.snapshot))
      : '',
  'network.protocol.version': ({ exchange }) => `"${exchange.request.protocol}"`,
  'http.response.status_code': ({ exchange }) => String(exchange.status),
  'rpc.response.status_code': (facts) => ofCall(facts, ({ status }) => status),
  'rpc.status_by': (facts) => ofCall(facts, ({ by }) => by),
  'rpc.status_in': (facts) => ofCall(facts, ({ place }) => place),
  complete: ({ complete }) => String(complete),
  'error.type': ({ exchange, text }) => unlessEmpty(exchange.failure?.code ?? '', text),
  reason: ({ exchange, text }) => unlessEmpty(exchange.failureDetail?.reason ?? '', text),
  clock: ({ exchange, text }) => unlessEmpty(exchange.failureDetail?.clock ?? '', text),
  clock_limit_ms: ({ exchange }) => String(exchange.failureDetail?.limitMs ?? ''),
  clock_spent_ms: ({ exchange }) => String(exchange.failureDetail?.spentMs ?? ''),
  'http.request.body.size': ({ exchange }) => String(exchange.request.body.received),
  'http.response.body.size': ({ exchange }) => String(exchange.reply.bodyBytes),
  duration_ms: ({ seconds }) => milliseconds(seconds * 1000),
  first_byte_ms: ({ exchange: { firstByteMs } }) =>
    firstByteMs === 0 ? '' : milliseconds(firstByteMs),
  route: ({ exchange, text }) => unlessEmpty(exchange.rule?.route ?? '', text),
  rule: ({ exchange, text }) => unlessEmpty(exchange.rule?.name ?? '', text),
  authorizer: ({ exchange, text }) => unlessEmpty(exchange.authorization?.authorizer ?? '', text),
  verdict: ({ exchange, text }) => unlessEmpty(exchange.authorization?.verdict ?? '', text),
  principal: ({ exchange, text }) => unlessEmpty(exchange.authorization?.principal ?? '', text),
  attempts: ({ exchange, text }) => attempts(exchange, text),
  'client.address': ({ exchange, text }) => text.text(exchange.client),
  'user_agent.original': ({ exchange, text }) => {
    const agent = exchange.request.head.headers.get('user-agent')
    return agent === undefined ? '' : text.bytes(agent)
  },
  'tls.protocol.version': ({ exchange, text }) =>
    unlessEmpty(exchange.request.peer.tls?.version ?? '', text),
}

/**
 * One JSON line, with its newline. Never holds a token, a cookie, a key or a body. Over the limit its long texts are
 * cut, and it says that they were and by how many bytes.
 */
export function accessLine(
  exchange: Exchange,
  complete: boolean,
  seconds: number,
  wallMs: number,
  settings: AccessLogSettings,
): string {
  const most = settings.maxLineBytes
  const facts = { exchange, complete, seconds, time: timeText(wallMs), settings }
  // Nothing longer than the line could be in it: a huge text is cut before it is escaped.
  const text = new LoggedText(most)
  const line = print({ ...facts, text })
  if (text.cut === 0 && line.length < most) return `${line}}\n`
  const short = new LoggedText(most >> 6)
  const rest = print({ ...facts, text: short })
  const cut = `,"truncated":true,"truncated_bytes":${short.cut}}\n`
  if (rest.length + cut.length <= most) return rest + cut
  const id = new LoggedText(64).text(exchange.id)
  return `{"request_id":${id},"http.response.status_code":${exchange.status},"truncated":true,"truncated_bytes":${rest.length + short.cut}}\n`
}

/** A message that was refused before it was a request. */
export interface Refused {
  readonly peer: Peer
  readonly fault: ParseFault
}

/** All that is known of it: no byte of it is believed enough to be told. */
const ofRefused: Partial<Record<AccessLogField, (refused: Refused) => string>> = {
  'http.response.status_code': ({ fault }) => String(failures[fault.code].status),
  'error.type': ({ fault }) => `"${fault.code}"`,
  reason: ({ fault }) => `"${fault.reason}"`,
  'client.address': ({ peer }) => `"${peer.address}"`,
}

/** The line of a refused message, with its newline. */
export function refusalLine(refused: Refused, wallMs: number, settings: AccessLogSettings): string {
  const parts = fieldsOf(settings).flatMap(({ key, field }) => {
    const value = field === 'time' ? `"${timeText(wallMs)}"` : ofRefused[field]?.(refused)
    return value === undefined ? [] : [key + value]
  })
  return `{${parts.join('').slice(1)}}\n`
}

/** Without its closing brace. */
function print(facts: Facts): string {
  const fields = fieldsOf(facts.settings)
  let line = '{'
  for (let i = 0; i < fields.length; i++) {
    const { key, print: value } = fields[i] as Field
    const text = value(facts)
    if (text !== '') line += line.length === 1 ? key.slice(1) + text : key + text
  }
  return line
}

interface Field {
  /** `,"name":`. */
  readonly key: string
  readonly field: AccessLogField
  readonly print: Print
}

const fieldOf = (name: string, field: AccessLogField): Field => ({
  key: `,${new LoggedText(name.length).text(name)}:`,
  field,
  print: printers[field],
})

const standard = accessLogFields.map((field) => fieldOf(field, field))
const customOf = new WeakMap<AccessLogSettings, readonly Field[]>()

function fieldsOf(settings: AccessLogSettings): readonly Field[] {
  let fields = customOf.get(settings)
  if (fields === undefined) {
    const custom = Object.entries(settings.fields).flatMap(([name, source]) => {
      const field = accessLogField(source)
      return field === undefined ? [] : [fieldOf(name, field)]
    })
    customOf.set(settings, (fields = custom.length === 0 ? standard : custom))
  }
  return fields
}

const unlessEmpty = (value: string, text: LoggedText): string =>
  value === '' ? '' : text.text(value)

function ofCall({ exchange, complete }: Facts, told: (end: CallEnd) => string | undefined): string {
  if (exchange.grpc === undefined) return ''
  const value = told(callEnd(exchange, complete))
  return value === undefined ? '' : `"${value}"`
}

const milliseconds = (ms: number): string => String(Math.round(ms * 1000) / 1000)

/** The port that the client named; the default ports are not part of a host. */
const portOf = ({
  host,
  hostname,
}: {
  readonly host: string
  readonly hostname: string
}): string => (host.length > hostname.length ? host.slice(hostname.length + 1) : '')

function attempts(exchange: Exchange, text: LoggedText): string {
  if (exchange.attempts === undefined) return ''
  const printed = exchange.attempts.map(
    ({ backend, region, outcome, reason, ms }) =>
      `{"backend":${text.text(backend)},"region":${text.text(region)},"outcome":${text.text(outcome)},${reason === undefined ? '' : `"reason":"${reason}",`}"ms":${milliseconds(ms)}}`,
  )
  return `[${printed.join(',')}]`
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
