/** Why no connection to a backend came about, or was of no use: for whoever runs the gateway, never for its clients. */
export const connectFaults = [
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ECONNRESET',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
  'EMFILE',
  'ENFILE',
  /** An address that no backend may have: loopback, link-local, a metadata service. */
  'address_refused',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'EPROTO',
  /** What came is no TLS: the backend is one without. */
  'no_tls_spoken',
  /** The backend broke the handshake off: no version or cipher in common, or a client certificate is missing (TLS 1.2). */
  'handshake_refused',
  /** The backend wants a client certificate (TLS 1.3, which says so behind the handshake). */
  'client_certificate_wanted',
  /** A frame of HTTP/2 came as the answer to a request of HTTP/1.1. */
  'http2_spoken',
  'other',
] as const

export type ConnectFault = (typeof connectFaults)[number]

const known: ReadonlySet<string> = new Set(connectFaults)

/** By the code of Node's error. Its text is never told: it may hold what a backend sent. */
export function connectFaultOf(error: NodeJS.ErrnoException): ConnectFault {
  const { code } = error
  const ours = handshakeFaultOf(error)
  if (ours !== undefined) return ours
  return code !== undefined && known.has(code) ? (code as ConnectFault) : 'other'
}

const handshakeFaults: readonly (readonly [RegExp, ConnectFault])[] = [
  [/wrong version number/, 'no_tls_spoken'],
  [/alert handshake failure/, 'handshake_refused'],
  [/alert certificate required/, 'client_certificate_wanted'],
]

/** By OpenSSL's word for it, which Node has in a code or only in the text. Also of a connection that was there. */
export const handshakeFaultOf = ({ message }: Error): ConnectFault | undefined =>
  handshakeFaults.find(([pattern]) => pattern.test(message))?.[1]

/** What every server of HTTP/2 begins with: a SETTINGS frame of the connection (RFC 9113 §3.4). */
export function isHttp2(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < 9) return false
  return bytes[start] === 0 && bytes.readUIntBE(start + 3, 6) === 0x04_00_00_00_00_00
}

/** Whether it was the handshake, of which OpenSSL says why, and not the network, of which the system does (`ECONNRESET`). */
export const isOfTls = ({ code, message }: NodeJS.ErrnoException): boolean =>
  code === undefined || code === 'EPROTO' ? message.includes('SSL') : !/^E[A-Z0-9]+$/.test(code)
