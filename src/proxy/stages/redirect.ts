import type { HostEntry, Redirect } from '../../model/snapshot.ts'
import { HeaderList } from '../http1/header-list.ts'
import { sendHead } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { fail } from './fail.ts'
import { rewritePath } from './path-rewrite.ts'

/** Sends the client elsewhere. The location is always absolute, so that no path can be taken for a host. */
export function redirect(action: Redirect): (exchange: Exchange) => void {
  return (exchange) => {
    const path = action.path === undefined ? exchange.path : rewritePath(action.path, exchange.entry as HostEntry, exchange.path)
    if (path === undefined) return fail(exchange, 'path_invalid')
    const headers = new HeaderList()
    headers.add('location', `${action.scheme ?? exchange.scheme}://${authority(action, exchange)}${path}${exchange.query}`)
    sendHead(exchange, action.status, headers, 0)
    exchange.reply.end()
  }
}

function authority(action: Redirect, exchange: Exchange): string {
  const { host, hostname } = exchange.request.head
  if (action.hostname === undefined && action.port === undefined && action.scheme === undefined) return host
  const name = action.hostname ?? hostname
  return action.port === undefined ? name : `${name}:${action.port}`
}
