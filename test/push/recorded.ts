import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { FrameReader, frame } from '../../src/model/frame.ts'
import { largestMessage, pushPath } from '../../src/model/push-message.ts'
import { authority, serverName, serverPair } from './set-up.ts'

/** A controller that says these things and nothing of its own. */
export async function startRecorded(texts: readonly string[]) {
  const answers: string[] = []
  const server = https.createServer(serverPair, (request, response) => {
    const reader = new FrameReader(largestMessage)
    request.on('data', (chunk: Buffer) => answers.push(...(reader.push(chunk) ?? [])))
    for (const text of texts) response.write(frame(text))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    /** What it is answered. */
    answers,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** A proxy that says what it is told to, with the credentials of Pod shop/name. */
export function connectAs(port: number, name: string, headers: object = {}) {
  const request = https.request({
    host: '127.0.0.1',
    port,
    servername: serverName,
    ca: authority.cert,
    method: 'POST',
    path: pushPath,
    headers: { authorization: `Bearer ${name}`, ...headers },
  })
  const over = new Promise<void>((resolve) => void request.on('close', resolve))
  request.on('error', () => {})
  const heard: string[] = []
  const reader = new FrameReader(largestMessage)
  request.on('response', (response) =>
    response
      .on('error', () => {})
      .on('data', (chunk: Buffer) => heard.push(...(reader.push(chunk) ?? []))),
  )
  return {
    /** What it is told. */
    heard,
    say: (text: string) => void request.write(frame(text)),
    /** Resolves when the connection has ended. */
    over,
    close: () => void request.destroy(),
  }
}
