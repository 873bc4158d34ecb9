import type { Respond } from '../../model/snapshot.ts'
import { HeaderList } from '../http1/header-list.ts'
import { sendHead } from './answer.ts'
import type { Exchange } from './exchange.ts'

/** Answers by itself. */
export function respond(action: Respond): (exchange: Exchange) => void {
  const body = Buffer.from(action.body, 'utf8')
  return (exchange) => {
    const headers = new HeaderList()
    if (body.length > 0) headers.add('content-type', action.contentType)
    for (const { name, value } of action.headers) headers.add(name, value)
    sendHead(exchange, action.status, headers, action.status === 204 || action.status === 304 ? -1 : body.length)
    exchange.reply.write(body)
    exchange.reply.end()
  }
}
