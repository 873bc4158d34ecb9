import http from 'node:http'

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

const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && (/^(::ffff:)?127\./.test(address) || address === '::1')

/** The admin server: an address of its own, GET only, never on the traffic port. Rejects with Node's error when the port is taken. */
export async function startAdmin(
  at: { readonly host: string; readonly port: number },
  routes: readonly AdminRoute[],
): Promise<Admin> {
  const server = http.createServer(
    { requestTimeout: 10_000, headersTimeout: 5000, maxHeaderSize: 8192 },
    (request, response) => {
      void answer(routes, request).then(({ status, body, contentType }) => {
        const text = typeof body === 'string' ? body : `${JSON.stringify(body, undefined, 2)}\n`
        const type =
          contentType ??
          (typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json')
        response
          .writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
          .end(request.method === 'HEAD' ? '' : text)
      })
    },
  )
  server.maxConnections = 256
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

async function answer(
  routes: readonly AdminRoute[],
  request: http.IncomingMessage,
): Promise<AdminAnswer> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://admin')
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, body: 'only GET is answered here\n' }
  if (pathname === '/')
    return {
      status: 200,
      body: routes.map(({ path, what }) => `${path.padEnd(24)}${what}\n`).join(''),
    }
  const route = routes.find(({ path }) => path === pathname)
  if (route === undefined) return { status: 404, body: `no ${pathname} here; / lists what is\n` }
  if (route.isLocal && !isLoopback(request.socket.remoteAddress))
    return { status: 403, body: 'only for callers on this machine\n' }
  try {
    return await route.answer(searchParams)
  } catch (error) {
    return { status: 500, body: `${String(error)}\n` }
  }
}
