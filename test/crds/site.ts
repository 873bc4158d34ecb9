import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Places } from './rich.ts'

/** What stands around the gateway in these tests: backends, key sets, and who signs tokens. All on loopback. */
export interface Site extends Places {
  /** A token of an issuer, by default one that every check passes. */
  sign(issuer: string, claims?: object, how?: Signing): Promise<string>
  close(): Promise<void>
}

export interface Signing {
  readonly alg?: 'ES256' | 'RS256'
  readonly typ?: string
  /** By the key that is not meant. */
  readonly bad?: boolean
}

/** What a backend got, as it tells in its answer. */
export interface Seen {
  readonly port: number
  readonly url: string
  readonly host: string
  /** Headers that arrived with the value `spoofed`. */
  readonly spoofed: readonly string[]
}

export async function openSite(): Promise<Site> {
  const [good, bad] = await Promise.all([keyPairs(), keyPairs()])
  const servers = [
    await listen(echo),
    // Keys that nobody means are there, too.
    await listen((request, response) =>
      request.url === '/good' ? response.end(bad.set) : echo(request, response),
    ),
    await listen((request, response) => serveKeys(request, response, good.set, bad.set)),
  ]
  const [backend, decoy, keys] = servers.map((server) => (server.address() as AddressInfo).port)
  return {
    backend: backend!,
    decoy: decoy!,
    keys: keys!,
    good: good.set,
    bad: bad.set,
    sign: (issuer, claims = {}, { alg = 'ES256', typ = 'at+jwt', bad: isBad = false } = {}) =>
      new SignJWT({ iss: issuer, aud: 'orders', exp: Date.now() / 1000 + 600, ...claims })
        .setProtectedHeader({ alg, typ, kid: alg })
        .sign((isBad ? bad : good)[alg]),
    close: async () => {
      for (const server of servers) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
}

/** A key of each algorithm, and the set of the public ones. */
async function keyPairs() {
  const [es, rs] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('RS256')])
  const keys = [
    { ...(await exportJWK(es.publicKey)), kid: 'ES256' },
    { ...(await exportJWK(rs.publicKey)), kid: 'RS256' },
  ]
  return { ES256: es.privateKey, RS256: rs.privateKey, set: JSON.stringify({ keys }) }
}

async function listen(answer: http.RequestListener): Promise<http.Server> {
  const server = http.createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

const echo: http.RequestListener = (request, response) => {
  const { url = '', headers, socket } = request
  const spoofed = Object.keys(headers).filter((name) => headers[name] === 'spoofed')
  const seen: Seen = { port: socket.localPort!, url, host: headers.host ?? '', spoofed }
  response.setHeader('content-type', 'application/json').end(JSON.stringify(seen))
}

/** The set that is meant is at `/good` only; discovery and the usual path lead to the other. */
function serveKeys(
  { url = '', headers }: http.IncomingMessage,
  response: http.ServerResponse,
  good: string,
  bad: string,
): void {
  const [, name] = /^\/([a-z-]+)\/\.well-known\/openid-configuration$/.exec(url) ?? []
  const at = `http://${headers.host}`
  response.setHeader('content-type', 'application/json')
  if (name === undefined) response.end(url === '/good' ? good : bad)
  else response.end(JSON.stringify({ issuer: `${at}/${name}/`, jwks_uri: `${at}/bad` }))
}
