/**
 * The two messages of `grpc.health.v1.Health/Check`: small enough that no library of protobuf is needed. What comes is of a
 * backend and may be anything: whatever is not plainly SERVING is a fault.
 */
export const checkPath = '/grpc.health.v1.Health/Check'

/** Of one answer. A status needs two bytes. */
export const mostCheckBytes = 1024

/** HealthCheckRequest { string service = 1 }, as the one message of a call. */
export function checkMessage(service: string): Buffer {
  const name = Buffer.from(service, 'utf8')
  const field =
    name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name])
  const head = Buffer.alloc(5)
  head.writeUInt32BE(field.length, 1)
  return Buffer.concat([head, field])
}

function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]
}

const names: Readonly<Record<number, string>> = {
  0: 'unknown',
  2: 'not_serving',
  3: 'service_unknown',
}
const malformed = 'malformed'
const serving = 1

/**
 * What is wrong by the one message of an answer, HealthCheckResponse { ServingStatus status = 1 }.
 *
 * @returns '' when the service is served
 */
export function checkFault(body: Buffer): string {
  if (body.length < 5 || body[0] !== 0 || body.readUInt32BE(1) !== body.length - 5) return malformed
  const status = statusIn(body.subarray(5))
  if (status === undefined) return malformed
  return status === serving ? '' : (names[status] ?? malformed)
}

/** Field 1, the last one if there are more; fields that a later version may have are passed over. */
function statusIn(message: Buffer): number | undefined {
  const reader = new Reader(message)
  let status = 0
  while (!reader.isAtEnd) {
    const tag = reader.varint()
    if (tag === 0x08) status = reader.varint()
    else if (tag < 8 || tag === 0x0a || !reader.skip(tag & 7)) return undefined
  }
  return reader.isBroken ? undefined : status
}

/** The wire format of protobuf, as far as it is needed. Once broken it is at its end. */
class Reader {
  isBroken = false
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.isBroken || this.#at === this.#bytes.length
  }

  /** Exact up to 2^53; five bytes are enough for what is known. */
  varint(): number {
    let value = 0
    for (let count = 0; count < 10; count++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) break
      value += (byte & 127) * 2 ** (7 * count)
      if (byte < 128) return value
    }
    this.isBroken = true
    return 0
  }

  /** False for a type that there is not. */
  skip(type: number): boolean {
    if (type === 0) this.varint()
    else if (type === 1) this.#pass(8)
    else if (type === 2) this.#pass(this.varint())
    else if (type === 5) this.#pass(4)
    else return false
    return true
  }

  #pass(bytes: number): void {
    this.#at += bytes
    if (this.#at > this.#bytes.length) this.isBroken = true
  }
}
