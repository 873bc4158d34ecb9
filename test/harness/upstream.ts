import net from 'node:net'

/** One connection that the gateway made, and all it has sent on it. */
export interface Seen {
  readonly socket: net.Socket
  text: string
}

export interface Upstream {
  readonly port: number
  readonly connections: Seen[]
  /** Everything that arrived, connection after connection. */
  readonly text: () => string
  close(): Promise<void>
}

/** A backend that does exactly what `act` says with each part it gets. Records every byte. */
export async function startUpstream(act: (seen: Seen, part: string) => void): Promise<Upstream> {
  const connections: Seen[] = []
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const seen: Seen = { socket, text: '' }
    connections.push(seen)
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('data', (chunk) => {
      const part = chunk.toString('latin1')
      seen.text += part
      act(seen, part)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as net.AddressInfo).port,
    connections,
    text: () => connections.map((seen) => seen.text).join(''),
    close: () =>
      new Promise((resolve) => {
        for (const { socket } of connections) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** Answers each complete head (bodies are ignored) with the same bytes. */
export const answering =
  (answer: string) =>
  (seen: Seen, part: string): void => {
    if (part.includes('\r\n\r\n')) seen.socket.write(answer, 'latin1')
  }

export const ok = (body = 'hello'): string =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`
