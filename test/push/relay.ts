import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { FrameReader, frame } from '../../src/model/frame.ts'
import { largestMessage } from '../../src/model/push-message.ts'
import { authority, serverName, serverPair } from './set-up.ts'

/** What becomes of a message of the controller on its way: these bytes, and perhaps the end of the connection. */
export type Tamper = (text: string, bytes: Buffer) => readonly (Buffer | 'end')[]

export interface Relay {
  readonly port: number
  /** Messages of the controller, and of the proxy, in the order in which they came. */
  readonly down: string[]
  readonly up: string[]
  close(): void
}

const whole: Tamper = (_, bytes) => [bytes]

/**
 * Stands between a proxy and a controller, both of them real, with the certificate that the proxy believes, and does to
 * each message what it is told: what no network does under TLS, and a broken program may.
 */
export async function startRelay(target: number, tamper: Tamper = whole): Promise<Relay> {
  const down: string[] = []
  const up: string[] = []
  const server = https.createServer(serverPair, (request, response) => {
    const fromProxy = new FrameReader(largestMessage)
    const fromController = new FrameReader(largestMessage)
    const { method, url: path, headers } = request
    const onward = https.request(
      {
        host: '127.0.0.1',
        port: target,
        servername: serverName,
        agent: false,
        ca: authority.cert,
        method,
        path,
        headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502)
        response.flushHeaders()
        answer.on('data', (chunk: Buffer) => {
          for (const text of fromController.push(chunk) ?? []) {
            down.push(text)
            for (const each of tamper(text, frame(text)))
              if (each === 'end') response.end()
              else if (!response.writableEnded) response.write(each)
          }
        })
        answer.on('error', () => response.destroy())
        answer.on('close', () => response.end())
      },
    )
    onward.flushHeaders()
    onward.on('error', () => response.destroy())
    request.on('data', (chunk: Buffer) => {
      up.push(...(fromProxy.push(chunk) ?? []))
      onward.write(chunk)
    })
    response.on('close', () => onward.destroy())
    request.on('error', () => onward.destroy())
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    down,
    up,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
