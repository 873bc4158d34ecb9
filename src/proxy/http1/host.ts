import { isAddress } from '../../model/address.ts'
import { flat } from './flat.ts'

/** An authority in canonical form; `hostname` is what routes are matched by. */
export interface Authority {
  readonly host: string
  readonly hostname: string
}

const registeredName =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

/** RFC 3986 §3.2.2, without zones. */
const isIpv6 = (text: string): boolean =>
  /^\[[0-9a-f:.]{2,45}\]$/.test(text) && text.includes(':') && isAddress(text.slice(1, -1))

/**
 * The canonical form of a Host (RFC 9110 §7.2, R7 and R8): lower case, without a trailing dot and a default
 * port; undefined when it is no plain host with an optional port. Called for new texts only: see the parser's memo.
 */
export function canonicalAuthority(text: string, defaultPort: number): Authority | undefined {
  if (text.length > 262) return undefined
  const lower = flat(text).toLowerCase()
  const colon = lower.startsWith('[') ? lower.indexOf(':', lower.indexOf(']')) : lower.indexOf(':')
  const name = colon < 0 ? lower : lower.slice(0, colon)
  const hostname = name.endsWith('.') ? name.slice(0, -1) : name
  if (!registeredName.test(hostname) && !isIpv6(hostname)) return undefined
  if (colon < 0) return { host: hostname, hostname }
  const port = portOf(lower.slice(colon + 1))
  if (port === undefined) return undefined
  return { host: port === defaultPort ? hostname : `${hostname}:${port}`, hostname }
}

/** Reads the authorities of one connection, which are mostly the same. */
export class AuthorityReader {
  readonly #defaultPort: number
  #text = ''
  #authority: Authority | undefined

  constructor(scheme: 'http' | 'https') {
    this.#defaultPort = scheme === 'http' ? 80 : 443
  }

  read(text: string): Authority | undefined {
    if (text !== this.#text || this.#authority === undefined) {
      this.#authority = canonicalAuthority(text, this.#defaultPort)
      this.#text = flat(text)
    }
    return this.#authority
  }
}

function portOf(text: string): number | undefined {
  if (!/^[0-9]{1,5}$/.test(text)) return undefined
  const port = Number(text)
  return port >= 1 && port <= 65535 ? port : undefined
}
