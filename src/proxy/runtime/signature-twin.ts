/** Orders of the groups of P-256, P-384 and P-521 (FIPS 186-4 D.1.2). */
const orders: Readonly<Record<string, bigint>> = {
  ES256: BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'),
  ES384: BigInt(
    '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ),
  ES512: BigInt(
    '0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
  ),
}

/**
 * The same token with the other signature that verifies: where (r, s) is good, so is (r, n − s), and anybody can
 * reckon it (J6). Undefined for algorithms where a message has one signature.
 */
export function twinOf(token: string, alg: string): string | undefined {
  const order = orders[alg]
  if (order === undefined) return undefined
  const start = token.lastIndexOf('.') + 1
  const signature = Buffer.from(token.slice(start), 'base64url')
  const half = signature.length / 2
  const s = BigInt(`0x${signature.subarray(half).toString('hex')}`)
  const other = (order - s).toString(16).padStart(half * 2, '0')
  const twin = Buffer.concat([signature.subarray(0, half), Buffer.from(other, 'hex')])
  return token.slice(0, start) + twin.toString('base64url')
}
