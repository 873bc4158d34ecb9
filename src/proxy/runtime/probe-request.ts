import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import type { Cluster } from '../../model/cluster.ts'
import { type LiveTls, tlsOptions } from './upstream-tls.ts'

/** What one probe asks. */
export interface ProbeQuestion {
  readonly address: string
  readonly port: number
  readonly authority: string
  readonly path: string
  readonly tls?: LiveTls | undefined
  /** Absent: HTTP/1.1. */
  readonly protocol?: Cluster['protocol']
}

/** Whoever waits for the answer: called once, with a status or with why there is none. */
export interface ProbeWaiter {
  answered(status: number): void
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
  const { path, authority } = question
  const scheme = question.tls === undefined ? 'http' : 'https'
  const session = http2.connect(`${scheme}://${authority}`, {
    createConnection: () => dial(question),
    settings: { enablePush: false },
  })
  session.on('error', (error) => waiter.failed(error))
  const request = session.request({ ':path': path, 'user-agent': userAgent })
  request.on('error', (error) => waiter.failed(error))
  request.on('response', (headers) => {
    waiter.answered(headers[':status'] ?? 0)
    session.destroy()
  })
  request.end()
  return session
}

const dial = ({ address: host, port, tls: own }: ProbeQuestion): net.Socket =>
  own === undefined
    ? net.connect({ host, port })
    : tls.connect({ host, port, ...tlsOptions(own), ALPNProtocols: ['h2'] })
