/** Signatures as the numbers that they are. */
export const numberOf = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex') || '0'}`)

/** Big-endian, exactly that long; throws when it does not fit. */
export function bytesOf(value: bigint, length: number): Buffer {
  const hex = value.toString(16).padStart(length * 2, '0')
  if (hex.length > length * 2) throw new Error(`needs more than ${length} bytes`)
  return Buffer.from(hex, 'hex')
}

export const reversed = (bytes: Buffer): Buffer => Buffer.from(bytes).reverse()

/** The order of P-256 (FIPS 186-4 D.1.2.3). */
export const orderOfP256 = BigInt(
  '0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
)

/** The order of the group of Ed25519 (RFC 8032 §5.1). */
export const orderOfEd25519 = 2n ** 252n + 27742317777372353535851937790883648493n

/** An ECDSA signature in DER (RFC 3279 §2.2.3) instead of r and s side by side. */
export function derOf(signature: Buffer): Buffer {
  const half = signature.length / 2
  const parts = Buffer.concat([
    integer(signature.subarray(0, half)),
    integer(signature.subarray(half)),
  ])
  return Buffer.concat([Buffer.from([0x30, parts.length]), parts])
}

function integer(bytes: Buffer): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const lead = (bytes[start] ?? 0) >= 0x80 ? [0] : []
  const value = Buffer.concat([Buffer.from(lead), bytes.subarray(start)])
  return Buffer.concat([Buffer.from([2, value.length]), value])
}
