import { constants } from 'node:crypto'
import tls from 'node:tls'
import type { TlsPolicy } from '../../model/tls-policy.ts'

/** TLS 1.3, and of TLS 1.2 what has forward secrecy and authenticated encryption (Mozilla, intermediate). */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** What clients use, best first, as far as this OpenSSL knows it. Others cost the server far more than the client that asks for them. */
const groups = ['X25519MLKEM768', 'X25519', 'P-256', 'P-384'].filter(isKnownGroup).join(':')

function isKnownGroup(ecdhCurve: string): boolean {
  try {
    tls.createSecureContext({ ecdhCurve })
    return true
  } catch {
    return false
  }
}

const mostServers = 4096

interface Held {
  readonly version: string
  readonly server: tls.Server
}

export interface TlsServersOptions {
  /** Protocols that are offered (ALPN), best first. */
  readonly protocols: readonly string[]
  /** A handshake is done. */
  readonly secured: (socket: tls.TLSSocket) => void
  /** A handshake failed; its socket is being closed. */
  readonly failed: (error: Error, socket: tls.TLSSocket) => void
}

/**
 * One TLS server for each virtual host, made when it is first asked for. Each has keys of its own for session tickets, so that
 * no session is resumed on another host: a server that has several names resumes across them without asking (hostile-inputs T5).
 */
export class TlsServers {
  readonly #options: TlsServersOptions
  readonly #servers = new Map<string, Held>()

  constructor(options: TlsServersOptions) {
    this.#options = options
  }

  /** Throws when OpenSSL does not take the certificate or its key. */
  of(policy: TlsPolicy): tls.Server {
    const known = this.#servers.get(policy.hostname)
    // Moved to the end of the map: what was not used for longest is at its beginning.
    if (known !== undefined) this.#servers.delete(policy.hostname)
    const held =
      known?.version === policy.version
        ? known
        : { version: policy.version, server: this.#create(policy) }
    this.#servers.set(policy.hostname, held)
    if (this.#servers.size > mostServers) this.#forgetOne()
    return held.server
  }

  /** New keys for session tickets: those made with the old ones are of no use from now on. */
  rotateTickets(): void {
    this.#servers.clear()
  }

  #forgetOne(): void {
    const [oldest] = this.#servers.keys()
    if (oldest !== undefined) this.#servers.delete(oldest)
  }

  #create(policy: TlsPolicy): tls.Server {
    const server = tls.createServer(optionsOf(policy, this.#options.protocols))
    server.on('secureConnection', this.#options.secured)
    server.on('tlsClientError', this.#options.failed)
    return server
  }
}

/** Whoever asks for a certificate takes any, and the request is told what is wrong with it: an alert says nothing. */
function optionsOf(policy: TlsPolicy, protocols: readonly string[]): tls.TlsOptions {
  const { pair, minVersion, client } = policy
  return {
    key: pair,
    cert: pair,
    minVersion: `TLSv${minVersion}`,
    ciphers,
    ecdhCurve: groups,
    ALPNProtocols: [...protocols],
    // A session that is resumed does not show its certificate again: where one is asked for, none is resumed.
    secureOptions:
      constants.SSL_OP_NO_RENEGOTIATION |
      constants.SSL_OP_NO_COMPRESSION |
      (client === undefined ? 0 : constants.SSL_OP_NO_TICKET),
    ...(client !== undefined && {
      requestCert: true,
      rejectUnauthorized: false,
      ...trusted(client.authorities),
    }),
  }
}

const revocationList = /-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g

function trusted(authorities: readonly string[]): Pick<tls.TlsOptions, 'ca' | 'crl'> {
  const lists = authorities.flatMap((bundle) => bundle.match(revocationList) ?? [])
  return { ca: [...authorities], ...(lists.length > 0 && { crl: lists }) }
}
