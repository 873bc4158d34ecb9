import type { HeaderList } from '../http1/header-list.ts'
import type { Exchange } from './exchange.ts'

/**
 * Gives the head of an answer, a backend's or our own, to the client: the one place where policies
 * edit it and where it gets its request id.
 *
 * @param length bytes of body, -1 when unknown
 */
export function sendHead(
  exchange: Exchange,
  status: number,
  headers: HeaderList,
  length: number,
): void {
  const edits = exchange.replyEdits
  for (let i = 0; i < edits.length; i++)
    (edits[i] as (typeof edits)[number])(exchange, status, headers)
  headers.set('x-request-id', exchange.id)
  exchange.status = status
  exchange.reply.head(status, headers, length)
}
