import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket as Stream } from 'node:net'
import { freePort } from './ports.ts'

/** What it answers to a question for addresses: these, none, an error, or nothing at all. */
export type Answering = readonly string[] | 'servfail' | 'nxdomain' | 'silence'

const codes: Readonly<Record<string, number>> = { servfail: 2, nxdomain: 3 }
const typeA = 1
/** More does not fit into a datagram without EDNS: the answer is cut and asked for again over TCP. */
const largestDatagram = 512

/** A DNS server on loopback (RFC 1035), as much of one as is needed: questions for addresses, UDP and TCP. */
export class NameServer {
  answering: Answering = []
  /** To questions for IPv6. */
  answering6: Answering = []
  ttlSeconds = 1
  asked = 0
  port = 0
  #datagrams: Socket | undefined
  #streams: Server | undefined

  async start(): Promise<void> {
    this.port = await freePort(['127.0.0.1'])
    const datagrams = createSocket('udp4')
    datagrams.on('message', (query, peer) => {
      const answer = this.#answer(query, largestDatagram)
      if (answer !== undefined) datagrams.send(answer, peer.port, peer.address)
    })
    datagrams.bind(this.port, '127.0.0.1')
    await once(datagrams, 'listening')
    const streams = createServer((stream) => this.#serve(stream)).listen(this.port, '127.0.0.1')
    await once(streams, 'listening')
    this.#datagrams = datagrams
    this.#streams = streams
  }

  stop(): void {
    this.#datagrams?.close()
    this.#streams?.close()
  }

  /** Over TCP each message has its length before it. */
  #serve(stream: Stream): void {
    let pending = Buffer.alloc(0)
    stream.on('error', () => {})
    stream.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0)
        const answer = this.#answer(pending.subarray(2, end), 65_535)
        if (answer !== undefined) stream.write(Buffer.concat([lengthOf(answer), answer]))
        pending = pending.subarray(end)
      }
    })
  }

  #answer(query: Buffer, mostBytes: number): Buffer | undefined {
    this.asked++
    const nameEnd = query.indexOf(0, 12) + 1
    const question = query.subarray(12, nameEnd + 4)
    const isA = query.readUInt16BE(nameEnd) === typeA
    const answering = isA ? this.answering : this.answering6
    if (answering === 'silence') return undefined
    const code = typeof answering === 'string' ? (codes[answering] ?? 0) : 0
    const addresses = typeof answering === 'string' ? [] : answering
    const records = addresses.map((address) => recordOf(address, this.ttlSeconds))
    const bytes = records.reduce((sum, { length }) => sum + length, 12 + question.length)
    const isCut = bytes > mostBytes
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    // QR, AA, RD, RA; TC when cut; RCODE.
    head.writeUInt16BE(0x8580 | (isCut ? 0x0200 : 0) | code, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(isCut ? 0 : records.length, 6)
    return Buffer.concat([head, question, ...(isCut ? [] : records)])
  }
}

function lengthOf(answer: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(answer.length)
  return length
}

/** An A or AAAA record whose name points back at the question. IPv6 with all its eight groups. */
function recordOf(address: string, ttlSeconds: number): Buffer {
  const groups = address.split(':')
  const data = Buffer.from(
    groups.length === 1
      ? address.split('.').map(Number)
      : groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16)]),
  )
  const record = Buffer.alloc(12)
  record.writeUInt16BE(0xc00c, 0)
  record.writeUInt16BE(groups.length === 1 ? typeA : 28, 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt32BE(ttlSeconds, 6)
  record.writeUInt16BE(data.length, 10)
  return Buffer.concat([record, data])
}
