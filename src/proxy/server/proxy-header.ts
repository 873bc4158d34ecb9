import net from 'node:net'
import { canonicalAddress } from '../../model/address.ts'

/** What a proxy in front says of a connection. */
export interface Origin {
  readonly address: string
  readonly port: number
  /** The port that the client connected to. */
  readonly localPort: number
}

export interface ProxyHeader {
  /** Bytes of it. */
  readonly size: number
  /** Undefined when it speaks for itself (LOCAL) or does not know: the socket's address counts. */
  readonly origin: Origin | undefined
}

/** Longest header of version 1, its line end included. */
const longestV1 = 107
/** Of version 2: what haproxy makes at most (520 bytes of addresses and TLVs), and what the first packet always holds. */
const longestV2 = 536
const fixedV2 = 16

const beginV1 = Buffer.from('PROXY ', 'latin1')
const beginV2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/**
 * Reads the header of the PROXY protocol (haproxy's proxy-protocol.txt, versions 1 and 2) that a connection begins with.
 * Nothing is guessed: what differs from both beginnings is refused at its first byte.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | 'more' | 'bad' {
  const end = bytes.length
  if (begins(bytes, end, beginV2)) return end < beginV2.length ? 'more' : readV2(bytes, end)
  if (begins(bytes, end, beginV1)) return readV1(bytes, end)
  return 'bad'
}

/** As far as there are bytes. */
const begins = (bytes: Buffer, end: number, beginning: Buffer): boolean => {
  const size = Math.min(end, beginning.length)
  return bytes.compare(beginning, 0, size, 0, size) === 0
}

const formV1 =
  /^PROXY (TCP[46]) ([0-9a-fA-F.:]+) ([0-9a-fA-F.:]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/

function readV1(bytes: Buffer, end: number): ProxyHeader | 'more' | 'bad' {
  const text = bytes.latin1Slice(0, Math.min(end, longestV1))
  const lf = text.indexOf('\n')
  if (lf < 0) return end < longestV1 && isLineSoFar(text) ? 'more' : 'bad'
  if (text[lf - 1] !== '\r') return 'bad'
  const line = text.slice(0, lf - 1)
  const size = lf + 1
  // "The receiver must ignore anything presented before the CRLF."
  if (/^PROXY UNKNOWN(?: [^\r]*)?$/.test(line)) return { size, origin: undefined }
  const [, family, source = '', destination = '', port, localPort] = formV1.exec(line) ?? []
  const version = family === 'TCP4' ? 4 : 6
  if (net.isIP(source) !== version || net.isIP(destination) !== version) return 'bad'
  return originOf(size, source, Number(port), Number(localPort))
}

/** A CR may only be the last byte for now. */
const isLineSoFar = (text: string): boolean => {
  const cr = text.indexOf('\r')
  return cr < 0 || cr === text.length - 1
}

function readV2(bytes: Buffer, end: number): ProxyHeader | 'more' | 'bad' {
  if (end < fixedV2) return isStartSoFar(bytes, end) ? 'more' : 'bad'
  const command = bytes[12] as number
  const family = bytes[13] as number
  const length = bytes.readUInt16BE(14)
  const size = fixedV2 + length
  if (size > longestV2 || !isStartSoFar(bytes, end)) return 'bad'
  const least = command === local ? 0 : addressBytes[family]
  if (least === undefined || length < least) return 'bad'
  if (end < size) return 'more'
  if (command === local || (family !== tcp4 && family !== tcp6)) return { size, origin: undefined }
  const isV4 = family === tcp4
  const ports = fixedV2 + (isV4 ? 8 : 32)
  const source = isV4 ? v4(bytes, fixedV2) : v6(bytes, fixedV2)
  return originOf(size, source, bytes.readUInt16BE(ports), bytes.readUInt16BE(ports + 2))
}

const local = 0x20
const proxied = 0x21
const tcp4 = 0x11
const tcp6 = 0x21

/** By family and transport: bytes of both addresses. A stream never carries datagrams, so that those are refused. */
const addressBytes: Readonly<Record<number, number>> = { 0: 0, [tcp4]: 12, [tcp6]: 36, 49: 216 }

/** The version, and the command: what is wrong is so at the byte that says it. */
const isStartSoFar = (bytes: Buffer, end: number): boolean =>
  (end <= 12 || bytes[12] === local || bytes[12] === proxied) &&
  (end <= 13 || bytes[12] === local || addressBytes[bytes[13] as number] !== undefined)

const v4 = (bytes: Buffer, at: number): string => bytes.subarray(at, at + 4).join('.')

const v6 = (bytes: Buffer, at: number): string =>
  Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 2 * i).toString(16)).join(':')

function originOf(
  size: number,
  address: string,
  port: number,
  localPort: number,
): ProxyHeader | 'bad' {
  const canonical = canonicalAddress(address)
  const isGood = canonical !== undefined && port <= 65_535 && localPort <= 65_535
  return !isGood ? 'bad' : { size, origin: { address: canonical, port, localPort } }
}
