/** ClientHellos of our own (RFC 8446 §4.1.2): what no library would send. */
const vector = (lengthBytes: 1 | 2, body: Buffer): Buffer => {
  const length = Buffer.alloc(lengthBytes)
  length.writeUIntBE(body.length, 0, lengthBytes)
  return Buffer.concat([length, body])
}

const number = (bytes: 1 | 2 | 3, value: number): Buffer => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntBE(value, 0, bytes)
  return buffer
}

export const extension = (type: number, body: Buffer): Buffer =>
  Buffer.concat([number(2, type), vector(2, body)])

/** The extension with one name of a type, 0 for a host name. */
export const serverName = (name: Buffer | string, type = 0): Buffer =>
  extension(
    0,
    vector(2, Buffer.concat([number(1, type), vector(2, Buffer.from(name as string, 'latin1'))])),
  )

/** What makes a hello one that TLS 1.2 servers answer. */
const usual = [
  extension(10, vector(2, Buffer.from([0, 29, 0, 23]))),
  extension(11, vector(1, Buffer.from([0]))),
  extension(13, vector(2, Buffer.from([4, 3, 8, 4, 4, 1]))),
]

/** The handshake message. */
export function helloOf(...extensions: readonly Buffer[]): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(0)),
    vector(2, Buffer.from([0xc0, 0x2b, 0xc0, 0x2f])),
    vector(1, Buffer.from([0])),
    vector(2, Buffer.concat([...extensions, ...usual])),
  ])
  return Buffer.concat([number(1, 1), number(3, body.length), body])
}

/** In records of so many bytes. */
export function recordsOf(message: Buffer, size = 16_384): Buffer {
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size)
    records.push(Buffer.concat([Buffer.from([22, 3, 1]), vector(2, part)]))
  }
  return Buffer.concat(records)
}
