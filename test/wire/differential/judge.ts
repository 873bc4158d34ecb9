import http from 'node:http'
import { canonicalPath } from '../../../src/model/path.ts'
import type { Exchange } from '../../../src/proxy/stages/exchange.ts'
import type { Message, Reading } from './reading.ts'
import type { Recorded } from './recorder.ts'

/** What the gateway took from one connection, in order: its view, and what the backend saw of it. */
export interface Taken {
  readonly exchange: Exchange
  readonly recorded: Recorded | undefined
}

/**
 * Compares what the gateway took with what another parser read from the same bytes. It may have taken less. What it
 * took must be there, in the same order, the same message; unless it answered it with an error of its own and read no
 * further: then it has refused it, too.
 *
 * @param excuse why a reader may have stopped at message `at`; '' when there is no good reason
 * @returns differences, none when all is well
 */
export function differences(
  taken: readonly Taken[],
  { messages, fault }: Reading,
  excuse: (at: number) => string,
): string[] {
  const found: string[] = []
  for (const [at, { exchange, recorded }] of taken.entries()) {
    const message = messages[at]
    const { method } = exchange.request.head
    if (message === undefined) {
      const isRefused = recorded === undefined && exchange.status >= 400 && at === taken.length - 1
      if (!isRefused && excuse(at) === '')
        found.push(`there is no message ${at} (${method}): ${fault}`)
      break
    }
    found.push(...compare(`message ${at}`, exchange, recorded, message))
    if (message.complete) continue
    if (recorded?.complete === true && excuse(at) === '')
      found.push(`message ${at} is not complete (${fault}), but was forwarded`)
    break
  }
  return found
}

function compare(
  where: string,
  { request: { head } }: Exchange,
  recorded: Recorded | undefined,
  message: Message,
): string[] {
  const rows: [what: string, ours: unknown, theirs: unknown][] = [
    ['method', head.method, message.method],
    ['version', head.minorVersion, message.minorVersion],
    ['target', head.rawPath + head.query, originForm(message.target)],
  ]
  if (recorded !== undefined) {
    rows.push(
      ['forwarded method', recorded.method, message.method],
      ['forwarded target', recorded.target, canonicalTarget(message.target)],
      ['forwarded host', valuesOf(recorded, 'host'), [authorityOf(message)]],
      ['forwarded fields', endToEnd(recorded), endToEnd(message)],
      ['forwarded framing', framingOf(recorded), framingOf(message)],
      ['forwarded address', valuesOf(recorded, 'x-forwarded-for'), ['127.0.0.1']],
    )
    const isWhole = recorded.complete && message.complete
    if (isWhole || !isBeginning(recorded.body, message.body))
      rows.push(['forwarded body', recorded.body, message.body])
  }
  return rows
    .map(([what, ours, theirs]) => [what, JSON.stringify(ours), JSON.stringify(theirs)])
    .filter(([, ours, theirs]) => ours !== theirs)
    .map(([what, ours, theirs]) => `${where}: ${what} is ${ours} here, ${theirs} there`)
}

/** Of a message that one of the two has not to its end, both have the beginning. */
const isBeginning = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)

/** RFC 9112 §3.2.2: the target without scheme and authority. */
function originForm(target: string): string {
  const rest = target.replace(/^http:\/\/[^/?]*/i, '')
  return rest === target || rest.startsWith('/') ? rest : `/${rest}`
}

function canonicalTarget(target: string): string {
  const [path = '', ...query] = originForm(target).split(/(?=\?)/)
  return (canonicalPath(path)?.path ?? 'no path') + query.join('')
}

const valuesOf = ({ fields }: Message, wanted: string): string[] =>
  fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)

/** The URI's authority, or the Host, in the form of R8. */
function authorityOf(message: Message): string {
  const [, authority] = /^http:\/\/([^/?]*)/i.exec(message.target) ?? []
  const text = (authority ?? valuesOf(message, 'host')[0] ?? '').toLowerCase()
  return text.replace(/:0*80$/, '').replace(/\.(?=$|:[0-9]+$)/, '')
}

function framingOf(message: Message): string {
  if (valuesOf(message, 'transfer-encoding').length > 0) return 'chunked'
  return valuesOf(message, 'content-length')[0] ?? 'none'
}

/** Fields that end at a hop (RFC 9110 §7.6.1), frame, or route; ours to write; or believed by some backends (U5, U8). */
const ended = new Set(
  `connection keep-alive te trailer upgrade proxy-connection http2-settings expect proxy-authenticate
  proxy-authorization host content-length transfer-encoding
  forwarded traceparent tracestate via x-amzn-trace-id x-real-ip x-request-id x-request-deadline-ms
  true-client-ip x-client-ip x-cluster-client-ip
  x-http-method x-http-method-override x-method-override x-original-uri x-original-url x-rewrite-url`.split(
    /\s+/,
  ),
)

/** What goes from one end to the other, in lower case, in order (U4, U5, U7). */
function endToEnd(message: Message): [string, string][] {
  const named = valuesOf(message, 'connection').flatMap((value) =>
    value.split(',').map((name) => name.trim().toLowerCase()),
  )
  return message.fields
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !ended.has(name) && !named.includes(name))
    .filter(([name]) => !name.startsWith('x-forwarded') && !name.includes('_'))
}

/** CL or TE among trailers: dropped (F22), refused by llhttp. Field lines cannot hold a CR or LF of their own. */
const framingTrailer = /\r\n0+(;[^\r\n]*)?\r\n([^\r\n]+\r\n)*(content-length|transfer-encoding):/i
/** HTAB after the coding: accepted (F4), refused by llhttp. */
const tabAfterCoding = /transfer-encoding:[ \t]*chunked[ \t]*\t[ \t]*\r\n/i

/** Where llhttp stops although the message is good by the letter of our rows; '' when it had better reasons. */
export function llhttpExcuse(
  text: string,
  taken: readonly Taken[],
  { messages, fault }: Reading,
  at: number,
): string {
  const message = messages[at]
  // Node keeps a fault to itself once the client wished for an upgrade.
  const isHidden = fault === '' && messages.some((each) => valuesOf(each, 'upgrade').length > 0)
  const isFault = (...codes: string[]) => isHidden || codes.includes(fault)
  if (message === undefined) {
    const method = taken[at]?.exchange.request.head.method ?? ''
    const isOfTheList = http.METHODS.includes(method)
    if (!isOfTheList && (method === 'PRI' || isFault('HPE_INVALID_METHOD')))
      return 'its list of methods is closed (R10), and PRI is HTTP/2 to it'
    const trailers = messages[at - 1]?.trailers ?? []
    const closes = trailers.some(([name]) => /^(proxy-)?connection$/i.test(name))
    return isFault('HPE_CLOSED_CONNECTION') && closes ? 'it takes trailers for fields' : ''
  }
  return isChunked(message) &&
    isFault('HPE_INVALID_CONTENT_LENGTH', 'HPE_INVALID_TRANSFER_ENCODING') &&
    (framingTrailer.test(text) || tabAfterCoding.test(text))
    ? 'it refuses CL and TE among trailers (F22), and HTAB after the coding (F4)'
    : ''
}

/** The same for h11, which reads the CL and TE of trailers as if they framed. */
export const h11Excuse = (text: string, { messages, fault }: Reading, at: number): string => {
  const message = messages[at]
  return message !== undefined &&
    isChunked(message) &&
    /Content-Length|Transfer-Encoding/.test(fault) &&
    framingTrailer.test(text)
    ? 'it refuses CL and TE among trailers (F22)'
    : ''
}

/** Nothing but chunks frames it, in one field. */
const isChunked = (message: Message): boolean =>
  valuesOf(message, 'content-length').length === 0 &&
  valuesOf(message, 'transfer-encoding').join().toLowerCase() === 'chunked'
