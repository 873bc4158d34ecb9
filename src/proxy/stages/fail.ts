import { type Failure, type FailureCode, type FailureDetail, failures, problemTypePrefix } from '../../model/failure.ts'
import type { ErrorPage } from '../../model/snapshot.ts'
import { HeaderList } from '../http1/header-list.ts'
import { sendHead } from './answer.ts'
import type { Exchange } from './exchange.ts'

const nothing: FailureDetail = Object.freeze({})

/**
 * Ends an exchange with a failure: the one place that renders them (RFC 9457). Once the head of an answer is
 * out nothing can be said any more: the connection is cut, so that nobody takes the answer for complete.
 */
export function fail(exchange: Exchange, code: FailureCode, detail: FailureDetail = nothing): void {
  const failure = failures[code]
  if (exchange.failure === undefined) {
    exchange.failure = failure
    exchange.failureDetail = detail
  }
  if (exchange.reply.started) return exchange.reply.abort()
  const page = exchange.rule?.errors.find((candidate) => candidate.codes.includes(code))
  const status = page?.status ?? failure.status
  const body = Buffer.from(page?.body ?? problem(exchange, failure, detail), 'utf8')
  sendHead(exchange, status, fields(failure, detail, page), body.length)
  exchange.reply.write(body)
  exchange.reply.end()
}

function problem(exchange: Exchange, failure: Failure, detail: FailureDetail): string {
  const { challenges, allow, ...helping } = detail
  return JSON.stringify({
    type: problemTypePrefix + failure.code,
    title: failure.title,
    status: failure.status,
    code: failure.code,
    requestId: exchange.id,
    ...helping,
    ...(exchange.attempts !== undefined && { attempts: exchange.attempts.length }),
  })
}

function fields(failure: Failure, detail: FailureDetail, page: ErrorPage | undefined): HeaderList {
  const headers = new HeaderList()
  headers.add('content-type', page?.contentType ?? 'application/problem+json')
  for (const challenge of detail.challenges ?? []) headers.add('www-authenticate', challenge)
  if (detail.allow !== undefined) headers.add('allow', detail.allow.join(', '))
  if (detail.retryAfterSeconds !== undefined) headers.add('retry-after', String(detail.retryAfterSeconds))
  else if (failure.status === 503) headers.add('retry-after', '1')
  headers.add('cache-control', 'no-store')
  return headers
}
