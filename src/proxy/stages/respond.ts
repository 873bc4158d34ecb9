import type { Respond } from '../../model/snapshot.ts'
import { HeaderList } from '../http1/header-list.ts'
import { sendHead } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { arePrintable } from './field-checks.ts'

/** Answers by itself. A content type among the headers wins over `contentType`. */
export function respond(action: Respond): (exchange: Exchange) => void {
  const { status, contentType, headers: own } = action
  const body = Buffer.from(action.body, 'utf8')
  const hasType = own.some(({ name }) => name === 'content-type')
  const fields =
    body.length > 0 && !hasType ? [{ name: 'content-type', value: contentType }, ...own] : own
  if (!arePrintable(fields)) throw new Error('a configured header cannot be printed')
  const isBodiless = status === 204 || status === 304
  return (exchange) => {
    const headers = new HeaderList()
    for (const { name, value } of fields) headers.add(name, value)
    sendHead(exchange, status, headers, isBodiless ? -1 : body.length)
    exchange.reply.write(body)
    exchange.reply.end()
  }
}
