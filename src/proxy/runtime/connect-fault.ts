/** Why no connection to a backend came about: for whoever runs the gateway, never for its clients. */
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
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'EPROTO',
  'other',
] as const

export type ConnectFault = (typeof connectFaults)[number]

const known: ReadonlySet<string> = new Set(connectFaults)

/** By the code of Node's error. Its text is never told: it may hold what a backend sent. */
export const connectFaultOf = ({ code }: NodeJS.ErrnoException): ConnectFault =>
  code !== undefined && known.has(code) ? (code as ConnectFault) : 'other'

/** Whether it was the handshake, of which OpenSSL says why, and not the network, of which the system does (`ECONNRESET`). */
export const isOfTls = ({ code, message }: NodeJS.ErrnoException): boolean =>
  code === undefined || code === 'EPROTO' ? message.includes('SSL') : !/^E[A-Z0-9]+$/.test(code)
