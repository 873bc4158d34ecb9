import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'

export interface Http2Backend {
  readonly port: number
  readonly server: http2.Http2Server
  readonly sessions: http2.ServerHttp2Session[]
  close(): Promise<void>
}

export type Act = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void

/** A backend of Node's own HTTP/2, by prior knowledge. */
export async function startHttp2(
  act: Act,
  options: http2.ServerOptions = {},
): Promise<Http2Backend> {
  const sessions: http2.ServerHttp2Session[] = []
  const server = http2.createServer(options)
  server.on('session', (session) => void sessions.push(session))
  server.on('sessionError', () => {})
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    act(stream, headers)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    server,
    sessions,
    close: () =>
      new Promise((resolve) => {
        for (const session of sessions) session.destroy()
        server.close(() => resolve())
      }),
  }
}
