import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import type { Cluster } from '../../model/cluster.ts'
import { checkFault, checkMessage, checkPath, mostCheckBytes } from './grpc-health.ts'
import { type LiveTls, tlsOptions } from './upstream-tls.ts'

/** What one probe asks. */
export interface ProbeQuestion {
  readonly address: string
  readonly port: number
  readonly authority: string
  readonly path: string
  /** Instead of the path: what the health service of gRPC is asked about. */
  readonly grpc?: { readonly service: string } | undefined
  readonly tls?: LiveTls | undefined
  /** Absent: HTTP/1.1. */
  readonly protocol?: Cluster['protocol']
}

/** Whoever waits for the answer. The first call counts: a status, what the health service said, or why there is neither. */
export interface ProbeWaiter {
  answered(status: number): void
  /** @param fault '' when the service is served */
  checked(fault: string): void
  failed(error: NodeJS.ErrnoException): void
}

/** One request on a connection of its own, in the protocol that requests speak. */
export function askProbe(
  question: ProbeQuestion,
  waiter: ProbeWaiter,
): { destroy(error?: Error): void } {
  return question.protocol === undefined ? askHttp1(question, waiter) : askHttp2(question, waiter)
}

const userAgent = 'fairlead-probe'

function askHttp1({ address, port, path, authority, tls }: ProbeQuestion, waiter: ProbeWaiter) {
  const options = {
    host: address,
    port,
    path,
    method: 'GET',
    agent: false as const,
    headers: { host: authority, 'user-agent': userAgent },
    ...(tls && tlsOptions(tls)),
  }
  const request = (tls === undefined ? http : https).request(options, (response) => {
    response.destroy()
    waiter.answered(response.statusCode ?? 0)
  })
  request.on('error', (error) => waiter.failed(error)).end()
  return request
}

function askHttp2(question: ProbeQuestion, waiter: ProbeWaiter) {
  const { path, authority, grpc } = question
  const scheme = question.tls === undefined ? 'http' : 'https'
  const session = http2.connect(`${scheme}://${authority}`, {
    createConnection: () => dial(question),
    settings: { enablePush: false },
  })
  session.on('error', (error) => waiter.failed(error))
  const request = session.request(
    grpc === undefined ? { ':path': path, 'user-agent': userAgent } : checkHeaders,
  )
  request.on('error', (error) => waiter.failed(error))
  if (grpc !== undefined) {
    readCheck(request, (fault) => {
      waiter.checked(fault)
      session.destroy()
    })
    request.end(checkMessage(grpc.service))
    return session
  }
  request.on('response', (headers) => {
    waiter.answered(headers[':status'] ?? 0)
    session.destroy()
  })
  request.end()
  return session
}

const checkHeaders: http2.OutgoingHttpHeaders = {
  ':method': 'POST',
  ':path': checkPath,
  'content-type': 'application/grpc',
  te: 'trailers',
  'user-agent': userAgent,
}

/** Reads the answer of the health service to its end, or as much of it as may be. @param over told '' or a fault */
function readCheck(request: http2.ClientHttp2Stream, over: (fault: string) => void): void {
  let body = Buffer.alloc(0)
  let status: string | undefined
  const read = (headers: http2.IncomingHttpHeaders) => {
    const said = headers['grpc-status']
    if (said !== undefined) status = String(said)
  }
  request.on('response', (headers) => {
    if (headers[':status'] !== 200) over(String(headers[':status']))
    read(headers)
  })
  request.on('trailers', read)
  request.on('data', (part: Buffer) => {
    if (body.length + part.length > mostCheckBytes) over('malformed')
    else body = Buffer.concat([body, part])
  })
  // Without a status the answer was not complete.
  request.on('end', () => over(status === '0' ? checkFault(body) : statusFault(status)))
}

const statusFault = (status: string | undefined): string =>
  status !== undefined && /^\d{1,2}$/.test(status) ? `grpc_status_${status}` : 'malformed'

const dial = ({ address: host, port, tls: own }: ProbeQuestion): net.Socket =>
  own === undefined
    ? net.connect({ host, port })
    : tls.connect({ host, port, ...tlsOptions(own), ALPNProtocols: ['h2'] })
