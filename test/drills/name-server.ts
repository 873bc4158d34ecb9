import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket as Stream } from 'node:net'
import { freePort } from './ports.ts'

/** What it answers to a question for addresses: these, none, or SERVFAIL. */
export type Answering = readonly string[] | 'servfail'

const ttlSeconds = 1
const typeA = 1
/** More does not fit into a datagram without EDNS: the answer is cut and asked for again over TCP. */
const largestDatagram = 512

/** A DNS server on loopback (RFC 1035), as much of one as the drill needs: A questions, UDP and TCP. */
export class NameServer {
  answering: Answering = []
  asked = 0
  port = 0
  #datagrams: Socket | undefined
  #streams: Server | undefined

  async start(): Promise<void> {
    this.port = await freePort(['127.0.0.1'])
    const datagrams = createSocket('udp4')
    datagrams.on('message', (query, peer) =>
      datagrams.send(this.#answer(query, largestDatagram), peer.port, peer.address),
    )
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
        const length = Buffer.alloc(2)
        length.writeUInt16BE(answer.length)
        stream.write(Buffer.concat([length, answer]))
        pending = pending.subarray(end)
      }
    })
  }

  #answer(query: Buffer, mostBytes: number): Buffer {
    this.asked++
    const nameEnd = query.indexOf(0, 12) + 1
    const question = query.subarray(12, nameEnd + 4)
    const isA = query.readUInt16BE(nameEnd) === typeA
    const addresses = isA && this.answering !== 'servfail' ? this.answering : []
    const records = addresses.map(recordOf)
    const isCut = 12 + question.length + 16 * records.length > mostBytes
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    // QR, AA, RD, RA; TC when cut; RCODE 2 is SERVFAIL.
    head.writeUInt16BE(0x8580 | (isCut ? 0x0200 : 0) | (this.answering === 'servfail' ? 2 : 0), 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(isCut ? 0 : records.length, 6)
    return Buffer.concat([head, question, ...(isCut ? [] : records)])
  }
}

/** An A record whose name points back at the question. */
function recordOf(address: string): Buffer {
  const record = Buffer.alloc(16)
  record.writeUInt16BE(0xc00c, 0)
  record.writeUInt16BE(typeA, 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt32BE(ttlSeconds, 6)
  record.writeUInt16BE(4, 10)
  record.set(address.split('.').map(Number), 12)
  return record
}
