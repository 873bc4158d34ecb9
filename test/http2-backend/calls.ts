import { once } from 'node:events'
import http2 from 'node:http2'

export const type = 'application/grpc'

export interface Outcome {
  readonly head: http2.IncomingHttpHeaders
  readonly trailers: http2.IncomingHttpHeaders
  readonly body: string
}

/** One call: what it sends, and all that comes. */
export async function call(
  { port }: { readonly port: number },
  headers: http2.OutgoingHttpHeaders = {},
  body = 'message',
): Promise<Outcome> {
  const client = http2.connect(`http://127.0.0.1:${port}`)
  const stream = client.request({
    ':method': 'POST',
    ':path': '/shop.Orders/Get',
    'content-type': type,
    te: 'trailers',
    ...headers,
  })
  let trailers: http2.IncomingHttpHeaders = {}
  stream.on('trailers', (fields) => (trailers = fields))
  stream.end(body)
  const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  let text = ''
  for await (const part of stream) text += part
  client.destroy()
  return { head, trailers, body: text }
}

export const answer = (stream: http2.ServerHttp2Stream, status = '0'): void => {
  stream.respond({ ':status': 200, 'content-type': type }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status, 'x-detail': 'a' }))
  stream.end('reply')
}
