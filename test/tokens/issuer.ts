import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { SigningKey } from './keys.ts'

/** An issuer on loopback that publishes keys, or does something else instead. */
export interface Issuer {
  /** `http://127.0.0.1:port`, as in `iss` and the discovery document. */
  readonly url: string
  readonly keysUrl: string
  /** The path of each request, in order. */
  readonly fetches: string[]
  /** What it publishes. */
  keys: readonly object[]
  /** Headers of the answer that carries the key set. */
  headers: Record<string, string>
  /** Set: what it does instead of answering with its keys. */
  act: ((request: http.IncomingMessage, response: http.ServerResponse) => void) | undefined
  /** Resolves when that many requests have come. */
  asked(times: number): Promise<void>
  /** Refuses connections until `open`. */
  shut(): Promise<void>
  open(): Promise<void>
  close(): Promise<void>
}

export async function startIssuer(...keys: readonly SigningKey[]): Promise<Issuer> {
  const fetches: string[] = []
  const sockets = new Set<Socket>()
  const waiting: (() => void)[] = []
  const server = http.createServer((request, response) => {
    fetches.push(request.url ?? '')
    for (const wake of waiting.splice(0)) wake()
    if (issuer.act !== undefined) return issuer.act(request, response)
    const isDiscovery = request.url === '/.well-known/openid-configuration'
    const body = isDiscovery
      ? { issuer: issuer.url, jwks_uri: issuer.keysUrl }
      : { keys: issuer.keys }
    response.writeHead(200, { 'content-type': 'application/json', ...issuer.headers })
    response.end(JSON.stringify(body))
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const listen = (port: number) =>
    new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve))
  const stop = () =>
    new Promise<void>((resolve) => {
      if (!server.listening) return resolve()
      for (const socket of sockets) socket.destroy()
      server.close(() => resolve())
    })
  await listen(0)
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const issuer: Issuer = {
    url,
    keysUrl: `${url}/keys`,
    fetches,
    keys: keys.map(({ jwk }) => jwk),
    headers: {},
    act: undefined,
    async asked(times) {
      while (fetches.length < times)
        await new Promise<void>((resolve) => void waiting.push(resolve))
    },
    shut: stop,
    open: () => listen(port),
    close: stop,
  }
  return issuer
}
