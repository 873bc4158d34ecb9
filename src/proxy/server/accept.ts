import net from 'node:net'

/**
 * What a connection does with its socket. `read` gets a borrowed part of a buffer that all sockets share:
 * nothing of it may be kept. Answering false pauses the socket until `resume` is called on it.
 */
export interface SocketOwner {
  read(buffer: Buffer, end: number): boolean
  /** The other side will send nothing more. */
  ended(): void
  drained(): void
  /** Gone, cleanly or not. Called once. */
  closed(): void
}

/** One read at most; together with one unfinished write it is what a connection buffers. */
const readBufferBytes = 32 * 1024
const shared = Buffer.allocUnsafeSlow(readBufferBytes)

interface WithHandle {
  _handle: { reading?: boolean } | null
}

/**
 * Accepted sockets ignore `onread`, so each is wrapped again around its handle: reading by `data`
 * events costs a quarter of a small request more. The field is private to Node, hence `canTakeOver`.
 */
function takeOver(accepted: net.Socket, owner: (socket: net.Socket) => SocketOwner): void {
  const bare = accepted as unknown as WithHandle
  const handle = bare._handle
  bare._handle = null
  let reader: SocketOwner
  const callback = (bytes: number, buffer: Uint8Array): boolean =>
    reader.read(buffer as Buffer, bytes)
  const options = {
    handle,
    allowHalfOpen: true,
    highWaterMark: 1,
    onread: { buffer: shared, callback },
  }
  const socket = new net.Socket(options as unknown as net.SocketConstructorOpts)
  reader = owner(socket)
  listen(socket, reader)
  socket.resume()
}

/**
 * Whether something waits for the kernel, and `drained` will be called when it does not any more. A socket with TLS holds some
 * back by itself, and says so only when it is too much.
 */
export const isWaiting = ({ writableLength, writableNeedDrain }: net.Socket): boolean =>
  writableLength > 0 && writableNeedDrain

/** The way of sockets that have no handle of their own, such as those with TLS. */
export function byEvents(socket: net.Socket, owner: (socket: net.Socket) => SocketOwner): void {
  const reader = owner(socket)
  socket.on('data', (chunk: Buffer) => {
    if (!reader.read(chunk, chunk.length)) socket.pause()
  })
  listen(socket, reader)
}

function listen(socket: net.Socket, reader: SocketOwner): void {
  socket.on('end', () => reader.ended())
  socket.on('drain', () => reader.drained())
  socket.on('error', () => {})
  socket.on('close', () => reader.closed())
}

/** Hands an accepted socket to its owner, by the fast way where this Node has it. */
export type Accept = (socket: net.Socket, owner: (socket: net.Socket) => SocketOwner) => void

/**
 * Tries the fast way on a real connection over loopback and answers the way that works here.
 * Never rejects: what fails only costs speed.
 */
export async function chooseAccept(): Promise<Accept> {
  return (await canTakeOver()) ? takeOver : byEvents
}

function canTakeOver(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (accepted) => {
      try {
        takeOver(accepted, echo)
      } catch {
        accepted.destroy()
      }
    })
    const answer = (works: boolean) => {
      client.destroy()
      // A server whose sockets were taken over never reports itself closed: it still counts them.
      server.close()
      resolve(works)
    }
    const client = new net.Socket()
    client.setTimeout(2000, () => answer(false))
    client
      .on('error', () => answer(false))
      .on('data', (chunk) => answer(chunk.toString() === 'ping'))
    server.on('error', () => resolve(false))
    // Exclusive: workers would share the port, and one would take the connection of another.
    server.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () =>
      client.connect((server.address() as net.AddressInfo).port, '127.0.0.1', () =>
        client.write('ping'),
      ),
    )
  })
}

const echo = (socket: net.Socket): SocketOwner => ({
  read: (buffer, end) => socket.write(Buffer.from(buffer.subarray(0, end))),
  ended: () => void socket.end(),
  drained: () => {},
  closed: () => {},
})
