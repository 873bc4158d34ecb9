import http from 'node:http'
import type { Socket } from 'node:net'
import { isLocalCaller } from './local-caller.ts'

/** What one path answers. Text is sent as it is, anything else as indented JSON. */
export interface AdminAnswer {
  readonly status: number
  readonly body: unknown
  readonly contentType?: string
}

export interface AdminRoute {
  readonly path: string
  /** One line for the index page. */
  readonly what: string
  /** Only for callers on this machine: it tells more than a number. */
  readonly isLocal: boolean
  readonly answer: (query: URLSearchParams) => AdminAnswer | Promise<AdminAnswer>
}

export interface Admin {
  readonly port: number
  close(): Promise<void>
}

/** A head has so long, and no connection may stand still for longer. */
const patience = { headMs: 5000, idleMs: 10_000 }
const mostConnections = 256

/**
 * The admin server: an address of its own, GET only, never on the traffic port. Rejects with Node's error when the port
 * is taken.
 */
export async function startAdmin(
  at: { readonly host: string; readonly port: number },
  routes: readonly AdminRoute[],
  { headMs, idleMs } = patience,
): Promise<Admin> {
  const server = http.createServer(
    {
      requestTimeout: idleMs,
      headersTimeout: headMs,
      keepAliveTimeout: headMs,
      connectionsCheckingInterval: Math.min(headMs, 1000),
      maxHeaderSize: 8192,
    },
    (request, response) => void answer(routes, request).then((given) => send(given, response)),
  )
  server.setTimeout(idleMs)
  boundConnections(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : at.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The oldest makes room: whoever holds many connections open shuts out no health check. */
function boundConnections(server: http.Server): void {
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    const [oldest] = open
    if (open.size >= mostConnections) oldest?.destroy()
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
}

const allow = 'GET, HEAD'

function send({ status, body, contentType }: AdminAnswer, response: http.ServerResponse): void {
  const isText = typeof body === 'string'
  const text = isText ? body : `${JSON.stringify(body, undefined, 2)}\n`
  const type = contentType ?? (isText ? 'text/plain; charset=utf-8' : 'application/json')
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 && { allow }),
  })
  // Node leaves the body of an answer to HEAD out.
  response.end(text)
}

/** Never rejects. */
async function answer(
  routes: readonly AdminRoute[],
  request: http.IncomingMessage,
): Promise<AdminAnswer> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, body: `only ${allow} are answered here\n` }
  const url = parse(request.url ?? '/')
  if (url === null) return { status: 400, body: 'the path is malformed\n' }
  const { pathname, searchParams } = url
  if (pathname === '/') return { status: 200, body: index(routes) }
  const route = routes.find(({ path }) => path === pathname)
  if (route === undefined) return { status: 404, body: 'no such page; / lists what there is\n' }
  if (route.isLocal && !isLocalCaller(request))
    return { status: 403, body: 'only for callers on this machine, by a loopback address\n' }
  try {
    return await route.answer(searchParams)
  } catch (error) {
    return { status: 500, body: `${String(error)}\n` }
  }
}

function parse(text: string): URL | null {
  try {
    return new URL(text, 'http://admin')
  } catch {
    return null
  }
}

const index = (routes: readonly AdminRoute[]): string =>
  routes.map(({ path, what }) => `${path.padEnd(24)}${what}\n`).join('')
