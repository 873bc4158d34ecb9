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
  const { debugCallers } = exchange.runtime
  if (!debugCallers.empty && debugCallers.contains(exchange.client)) explainTo(exchange, headers)
  exchange.status = status
  exchange.reply.head(status, headers, length)
}

/** For callers that the settings allow: which rule served them, from where, after which attempts. */
function explainTo({ rule, attempts }: Exchange, headers: HeaderList): void {
  if (rule !== undefined) headers.set('x-fairlead-route', rule.id)
  const last = attempts?.at(-1)
  if (attempts === undefined || last === undefined) return
  headers.set('x-fairlead-region', last.region)
  const text = attempts.map(({ region, backend, outcome }) => `${region || backend}=${outcome}`)
  headers.set('x-fairlead-attempts', text.join(','))
}
