import net from 'node:net'
import type { Message } from './reading.ts'

/** A request that reached the backend, under the id that the gateway gave it. */
export interface Recorded extends Message {
  readonly id: string
}

/**
 * A backend that accepts only what a gateway should print: one form of everything. It is no tolerant parser on
 * purpose, so that nothing ambiguous can hide in what is forwarded.
 */
export class Recorder {
  /** By request id; a request that is not complete yet stands here with what came of it so far. */
  readonly requests = new Map<string, Recorded>()
  /** What was not in the one form. */
  readonly faults: string[] = []
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()

  constructor() {
    this.#server = net.createServer({ noDelay: true }, (socket) => this.#serve(socket))
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as net.AddressInfo).port
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    return new Promise((resolve) => void this.#server.close(() => resolve()))
  }

  /** Takes what is recorded under an id, so that only what nobody asked for is left in the end. */
  take(id: string): Recorded | undefined {
    const found = this.requests.get(id)
    this.requests.delete(id)
    return found
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket)
    let pending = ''
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1')
      try {
        for (let taken = this.#read(pending); taken > 0; taken = this.#read(pending)) {
          pending = pending.slice(taken)
          socket.write(answer)
        }
      } catch (error) {
        this.faults.push(`${(error as Error).message}: ${JSON.stringify(pending)}`)
        socket.destroy()
      }
    })
  }

  /** @returns the length of a complete request, 0 without one */
  #read(text: string): number {
    const end = text.indexOf('\r\n\r\n') + 4
    if (end < 4) return 0
    const head = headForm.exec(text.slice(0, end))
    if (head === null) throw new Error('a head that is not in the one form')
    const [, method = '', target = '', lines = ''] = head
    const fields = lines.split('\r\n').slice(0, -1).map(fieldOf)
    const id = fields.find(([name]) => name === 'x-request-id')?.[1] ?? ''
    const { body, length } = bodyOf(text, end, fields)
    const complete = length >= 0
    if (this.requests.get(id)?.complete === true) throw new Error('a request that came twice')
    const request = { method, target, minorVersion: 1, fields, trailers: [], body, complete }
    this.requests.set(id, { ...request, id })
    return complete ? end + length : 0
  }
}

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'

const headForm =
  /^([A-Z][A-Z-]*) (\/[!-~]*) HTTP\/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: (?:|[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)\r\n)+)\r\n$/

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(': ')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)]
}

/** @returns what came of the body, and its length on the wire, -1 while it is not complete */
function bodyOf(
  text: string,
  from: number,
  fields: readonly [string, string][],
): { body: string; length: number } {
  const lengths = fields.filter(([name]) => name === 'content-length')
  const codings = fields.filter(([name]) => name === 'transfer-encoding')
  if (lengths.length + codings.length > 1) throw new Error('more than one framing')
  if (codings.length > 0) return chunksOf(text, from, codings[0]?.[1] ?? '')
  const size = lengths[0]?.[1] ?? '0'
  if (!/^(0|[1-9][0-9]*)$/.test(size)) throw new Error('a length that is not in the one form')
  const body = text.slice(from, from + Number(size))
  return { body, length: body.length === Number(size) ? body.length : -1 }
}

function chunksOf(text: string, from: number, coding: string): { body: string; length: number } {
  if (coding !== 'chunked') throw new Error('a coding that is not in the one form')
  let body = ''
  for (let at = from; ; ) {
    const end = text.indexOf('\r\n', at)
    if (end < 0) return { body, length: -1 }
    const size = text.slice(at, end)
    if (!/^(0|[1-9a-f][0-9a-f]*)$/.test(size)) throw new Error('a chunk size not in the one form')
    const next = end + 2 + Number.parseInt(size, 16)
    if (size !== '0') body += text.slice(end + 2, next)
    if (text.length < next + 2) return { body, length: -1 }
    if (text.slice(next, next + 2) !== '\r\n') throw new Error('a chunk without its end')
    at = next + 2
    if (size === '0') return { body, length: at - from }
  }
}
