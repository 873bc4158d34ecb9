import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { type Oracle, pairsOf, type Reading } from './reading.ts'

/** One connection that is being judged. */
interface Trial {
  readonly seen: { readonly request: http.IncomingMessage; body: string; ended: boolean }[]
  fault: string
  readonly socket: net.Socket
}

/**
 * What Node's parser says: a real node:http server with everything strict, fed over loopback. It answers each
 * request at its end; what Node would answer by itself (`Expect`) is taken like any other request.
 */
export async function startLlhttp(): Promise<Oracle> {
  const trials = new Map<number, Trial>()
  const trialOf = (socket: net.Socket) => trials.get(socket.remotePort ?? 0) as Trial
  const server = http.createServer({ insecureHTTPParser: false, maxHeaderSize: 65_536 })
  const take = (request: http.IncomingMessage, response: http.ServerResponse) => {
    const one = { request, body: '', ended: false }
    trialOf(request.socket).seen.push(one)
    request.on('data', (chunk: Buffer) => {
      one.body += chunk.toString('latin1')
    })
    request.on('error', () => {})
    request.on('end', () => {
      one.ended = true
      // A length, or Node closes after an answer to HTTP/1.0.
      response.writeHead(200, { 'content-length': 0 }).end()
    })
  }
  server.on('request', take).on('checkExpectation', take)
  server.on('checkContinue', (request: http.IncomingMessage, response: http.ServerResponse) => {
    // Node closes after an answer to a client that was not told to go on.
    response.writeContinue()
    take(request, response)
  })
  server.on('connection', (socket: net.Socket) => {
    trials.set(socket.remotePort ?? 0, { seen: [], fault: '', socket })
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: net.Socket) => {
    const trial = trialOf(socket)
    trial.fault = error.code ?? error.message
    // What came before the fault is still on its way through the streams.
    const wait = () => {
      const isPending = trial.seen.some(({ request, ended }) => request.complete && !ended)
      if (isPending) setImmediate(wait)
      else socket.destroy()
    }
    setImmediate(wait)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo

  return {
    async read(bytes) {
      const client = net.connect({ port, host: '127.0.0.1', noDelay: true }).on('error', () => {})
      await once(client, 'connect')
      const key = client.localPort ?? 0
      while (!trials.has(key)) await turn()
      const trial = trials.get(key) as Trial
      client.resume()
      const closed = new Promise((resolve) => client.once('close', resolve))
      if (asksForUpgrade.test(bytes.latin1Slice())) await dribble(client, bytes, trial)
      else client.write(bytes)
      client.end()
      await closed
      trials.delete(key)
      return readingOf(trial)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const asksForUpgrade = /upgrade/i

/**
 * At an upgrade that nobody listens for, Node reads the message as any other but loses what came with it in one
 * read. So each byte waits until the one before it was read.
 */
async function dribble(client: net.Socket, bytes: Buffer, trial: Trial): Promise<void> {
  for (let i = 0; i < bytes.length && !trial.socket.destroyed; i++) {
    client.write(bytes.subarray(i, i + 1))
    while (trial.socket.bytesRead <= i && !trial.socket.destroyed) await turn()
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const readingOf = ({ seen, fault }: Trial): Reading => ({
  fault,
  messages: seen.map(({ request, body }) => ({
    method: request.method ?? '',
    target: request.url ?? '',
    minorVersion: request.httpVersionMinor,
    fields: pairsOf(request.rawHeaders),
    trailers: pairsOf(request.rawTrailers),
    body,
    complete: request.complete,
  })),
})
