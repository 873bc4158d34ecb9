import {
  type Failure,
  type FailureCode,
  type FailureDetail,
  failures,
  problemTypePrefix,
  refusals,
} from '../../model/failure.ts'
import { isFieldValue } from '../http1/field-scan.ts'
import { HeaderList } from '../http1/header-list.ts'
import { sendHead } from './answer.ts'
import { callMessage } from './call-message.ts'
import { errorPage, type ReadyPage } from './error-pages.ts'
import type { Exchange } from './exchange.ts'
import { type CallFault, type GrpcCall, statusFields, statusOfFailure } from './grpc.ts'

const nothing: FailureDetail = Object.freeze({})

/**
 * Ends an exchange with a failure: the one place that renders them (RFC 9457). Once the head of an answer is
 * out nothing can be said any more: the connection is cut, so that nobody takes the answer for complete.
 * The first failure of an exchange is the one that log and metrics tell.
 *
 * @param detail never holds an address of a backend or the words of a library
 */
export function fail(exchange: Exchange, code: FailureCode, detail: FailureDetail = nothing): void {
  if (exchange.failure === undefined) {
    exchange.failure = failures[code]
    exchange.failureDetail = detail
    exchange.runtime.metrics.failed(code, detail)
  }
  const { reply, grpc } = exchange
  if (grpc !== undefined && (!reply.started || grpc.isAnswered))
    return failCall(exchange, grpc, callFault(exchange, code, detail))
  if (reply.started && !reply.retract()) return reply.abort()
  if (refusals.has(code)) reply.closeAfter()
  const page = errorPage(exchange.rule, code)
  const body = page?.body ?? Buffer.from(problem(exchange, code, detail), 'utf8')
  const { status } = failures[code]
  sendHead(exchange, page?.status ?? status, fields(status, detail, page), body.length)
  reply.write(body)
  reply.end()
}

const callFault = ({ rule }: Exchange, code: FailureCode, detail: FailureDetail): CallFault => ({
  status: statusOfFailure(failures[code]),
  message: callMessage(failures[code], detail, errorPage(rule, code) !== undefined),
})

/** Of gRPC there is always an answer, and its end says how it went: alone, or behind what has come so far. */
function failCall(exchange: Exchange, call: GrpcCall, fault: CallFault): void {
  const { reply } = exchange
  const status = statusFields(fault)
  const isLate = reply.started && !reply.retract()
  if (!reply.over)
    call.end = { status: fault.status, by: 'gateway', place: isLate ? 'trailers' : 'head' }
  if (isLate) return reply.end(status)
  status.add('content-type', 'application/grpc')
  sendHead(exchange, 200, status, -1)
  reply.end()
}

/** All of a problem document that is the same every time. */
const openings = Object.fromEntries(
  Object.values<Failure>(failures).map(({ code, title, status }) => {
    const fixed = JSON.stringify({ type: problemTypePrefix + code, title, status, code })
    return [code, `${fixed.slice(0, -1)},"requestId":`]
  }),
) as Readonly<Record<FailureCode, string>>

function problem(
  { id, attempts }: Exchange,
  code: FailureCode,
  { detail, clock, limitMs, spentMs, wanted }: FailureDetail,
): string {
  const helping = JSON.stringify({
    detail,
    clock,
    limitMs,
    spentMs,
    wanted,
    attempts: attempts?.length,
  })
  return `${openings[code]}${JSON.stringify(id)}${helping === '{}' ? '' : `,${helping.slice(1, -1)}`}}`
}

/** What the status asks for goes with a configured page too: it is the protocol's, not the reader's. */
function fields(
  status: number,
  { challenges, allow, retryAfterSeconds, webSocketVersion }: FailureDetail,
  page: ReadyPage | undefined,
): HeaderList {
  const headers = new HeaderList()
  headers.add('content-type', page?.contentType ?? 'application/problem+json')
  for (const challenge of challenges ?? []) {
    if (isFieldValue(challenge)) headers.add('www-authenticate', challenge)
  }
  if (allow !== undefined) headers.add('allow', allow.join(', '))
  if (webSocketVersion !== undefined) headers.add('sec-websocket-version', String(webSocketVersion))
  if (retryAfterSeconds !== undefined)
    headers.add('retry-after', String(Math.ceil(retryAfterSeconds)))
  else if (status === 503) headers.add('retry-after', '1')
  headers.add('cache-control', 'no-store')
  return headers
}
