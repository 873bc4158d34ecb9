import * as grpc from '@grpc/grpc-js'

const copy = (bytes: Buffer): Buffer => bytes
const methodOf = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/shop.Orders/${name}`,
  requestStream,
  responseStream,
  requestSerialize: copy,
  requestDeserialize: copy,
  responseSerialize: copy,
  responseDeserialize: copy,
})

/** Messages are bytes: what is in them is nothing to a gateway. */
const orders = {
  get: methodOf('Get', false, false),
  put: methodOf('Put', true, false),
  list: methodOf('List', false, true),
  chat: methodOf('Chat', true, true),
}

export interface Handlers {
  readonly get: grpc.handleUnaryCall<Buffer, Buffer>
  readonly put: grpc.handleClientStreamingCall<Buffer, Buffer>
  readonly list: grpc.handleServerStreamingCall<Buffer, Buffer>
  readonly chat: grpc.handleBidiStreamingCall<Buffer, Buffer>
}

export interface Backend {
  readonly port: number
  /** At once: calls are cut off. */
  close(): void
}

/** A server of grpc-js. What it does not handle it refuses as UNIMPLEMENTED. */
export async function startBackend(
  handlers: Partial<Handlers>,
  credentials = grpc.ServerCredentials.createInsecure(),
  more: (server: grpc.Server) => void = () => {},
): Promise<Backend> {
  const server = new grpc.Server()
  server.addService(orders, handlers as unknown as grpc.UntypedServiceImplementation)
  more(server)
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  return { port, close: () => server.forceShutdown() }
}

const Client = grpc.makeGenericClientConstructor(orders, 'shop.Orders')

/** A client of grpc-js: its methods, by name. */
export interface OrdersClient extends grpc.Client {
  get(
    request: Buffer,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    over: (error: grpc.ServiceError | null, response?: Buffer) => void,
  ): grpc.ClientUnaryCall
  put(
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    over: (error: grpc.ServiceError | null, response?: Buffer) => void,
  ): grpc.ClientWritableStream<Buffer>
  list(request: Buffer, metadata?: grpc.Metadata): grpc.ClientReadableStream<Buffer>
  chat(metadata?: grpc.Metadata): grpc.ClientDuplexStream<Buffer, Buffer>
}

/** @param root the authority whose certificates it trusts; undefined: without TLS */
export function newClient(port: number, root: string | undefined): OrdersClient {
  const credentials =
    root === undefined
      ? grpc.credentials.createInsecure()
      : grpc.credentials.createSsl(Buffer.from(root))
  // Calls say themselves how they went: the client must not try again.
  return new Client(`127.0.0.1:${port}`, credentials, {
    'grpc.default_authority': 'api.example',
    'grpc.ssl_target_name_override': 'api.example',
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
  }) as unknown as OrdersClient
}

/** How one call without streams went. */
export interface Outcome {
  readonly text: string
  readonly code: grpc.status
  readonly details: string
  /** What came first, and last. */
  readonly head: grpc.Metadata
  readonly trailers: grpc.Metadata
}

export function get(
  client: OrdersClient,
  request = 'order 7',
  metadata = new grpc.Metadata(),
  options: grpc.CallOptions = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    let head = new grpc.Metadata()
    let text = ''
    const call = client.get(Buffer.from(request), metadata, options, (_, response) => {
      text = response?.toString() ?? ''
    })
    call.on('metadata', (got: grpc.Metadata) => (head = got))
    call.on('status', ({ code, details, metadata: trailers }: grpc.StatusObject) =>
      // The callback comes behind the status.
      setImmediate(() => resolve({ text, code, details, head, trailers })),
    )
  })
}

/** Resolves with the status of a call with streams. */
export const statusOf = (call: grpc.ClientReadableStream<Buffer>): Promise<grpc.StatusObject> =>
  new Promise((resolve) => {
    call.on('error', () => {})
    call.on('status', resolve)
  })
