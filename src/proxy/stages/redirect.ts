import type { HostEntry, Redirect } from '../../model/snapshot.ts'
import { HeaderList } from '../http1/header-list.ts'
import { sendHead } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { fail } from './fail.ts'
import { isAuthority } from './field-checks.ts'
import { pathRewriter } from './path-rewrite.ts'

/**
 * Sends the client elsewhere, with its query. The location is always absolute and its path canonical, so that no
 * path can be taken for a host (`//evil.example`).
 */
export function redirect(action: Redirect): (exchange: Exchange) => void {
  const { status, path, hostname } = action
  if (hostname !== undefined && !isAuthority(hostname))
    throw new Error('a redirect leads to no host')
  const rewritePath = path === undefined ? undefined : pathRewriter(path)
  return (exchange) => {
    // Clients of gRPC follow nothing (W5).
    if (exchange.grpc !== undefined) return fail(exchange, 'route_not_found')
    const to =
      rewritePath === undefined
        ? exchange.path
        : rewritePath(exchange.entry as HostEntry, exchange.path)
    if (to === undefined) return fail(exchange, 'path_invalid')
    const headers = new HeaderList()
    headers.add('location', `${origin(action, exchange)}${to}${exchange.query}`)
    sendHead(exchange, status, headers, 0)
    exchange.reply.end()
  }
}

const defaultPorts = { http: 80, https: 443 } as const

/** Another scheme or hostname has its own ports: the client's is kept only where neither changes. */
function origin({ scheme, hostname, port }: Redirect, exchange: Exchange): string {
  const { head } = exchange.request
  const to = scheme ?? exchange.scheme
  if (port !== undefined)
    return `${to}://${hostname ?? head.hostname}${port === defaultPorts[to] ? '' : `:${port}`}`
  if (hostname !== undefined) return `${to}://${hostname}`
  return `${to}://${to === exchange.scheme ? head.host : head.hostname}`
}
