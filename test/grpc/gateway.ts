import * as grpc from '@grpc/grpc-js'
import { type Authority, newAuthority } from '../tls/authorities.ts'
import { bundle, secret, startGateway, type TlsGateway } from '../tls/gateway.ts'
import { type Backend, type Handlers, newClient, type OrdersClient, startBackend } from './peers.ts'

/** Where encryption is: on both sides of the gateway, or on none. */
export type Wires = 'TLS' | 'plaintext'

export interface Rig {
  readonly gateway: TlsGateway
  readonly client: OrdersClient
  close(): Promise<void>
}

let shared: Promise<Authority> | undefined
const authority = (): Promise<Authority> => (shared ??= newAuthority('shop'))

/** A server of grpc-js, over the wire that backends have. */
export async function backendOver(
  wires: Wires,
  handlers: Partial<Handlers>,
  more?: (server: grpc.Server) => void,
): Promise<Backend> {
  if (wires === 'plaintext') return startBackend(handlers, undefined, more)
  const { cert, key } = await (await authority()).server('orders.internal')
  const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) }
  return startBackend(handlers, grpc.ServerCredentials.createSsl(null, [pair]), more)
}

/** How a rule names it. */
export const backendSpec = (wires: Wires, port: number, more: object = {}): object => ({
  name: `b${port}`,
  ...(wires === 'plaintext'
    ? { url: `http://127.0.0.1:${port}`, protocol: 'H2C' }
    : {
        url: `https://127.0.0.1:${port}`,
        protocol: 'HTTP2',
        tls: { serverName: 'orders.internal', caRef: { name: 'shop' } },
      }),
  ...more,
})

/**
 * The built program between a client and servers of grpc-js.
 *
 * @param rule what the one rule says besides whom it is for
 * @param documents that it refers to
 */
export async function startRig(
  wires: Wires,
  rule: object,
  documents: readonly object[] = [],
): Promise<Rig> {
  const { cert, server } = await authority()
  const route = {
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'ApiRoute',
    metadata: { name: 'orders' },
    spec: {
      hostnames: ['api.example'],
      tls: { secretRef: { name: 'api' }, plaintext: 'Allow' },
      rules: [{ name: 'calls', authorize: { public: true }, ...rule }],
    },
  }
  const pair = secret('api', await server('api.example'))
  const settings = { listeners: { http: { h2c: true } } }
  const gateway = await startGateway([route, pair, bundle('shop', cert), ...documents], settings)
  const isPlain = wires === 'plaintext'
  const port = isPlain ? gateway.program.port : gateway.port
  const client = newClient(port, isPlain ? undefined : cert)
  return {
    gateway,
    client,
    async close() {
      client.close()
      await gateway.close()
    },
  }
}
