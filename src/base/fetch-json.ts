import dns from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'

const timeoutMs = 1500
const largestBody = 150 * 1024

/** A JSON document and how long it may be kept, in milliseconds; undefined when the answer did not say. */
export interface Fetched {
  readonly value: unknown
  readonly maxAgeMs: number | undefined
}

export interface FetchOptions {
  readonly allowLoopback: boolean
  /** The addresses that are never called. */
  readonly isForbidden: (address: string, allowLoopback: boolean) => boolean
  /** Connect here instead of to the URL's host: an endpoint of a Service. */
  readonly connectTo?: { readonly address: string; readonly port: number } | undefined
  /** Names are not looked for in the search domains of the system. */
  readonly absoluteNames?: boolean
  /** Default: the system's. */
  readonly lookup?: typeof dns.lookup
}

/**
 * Fetches a document from an issuer: https from a named host (plain http only to loopback in development), no
 * redirects, no proxy, the resolved address checked and used for the connection, 1.5 s and 150 KB at most (C7, J18).
 * Rejects with a short reason.
 */
export async function fetchJson(url: URL, options: FetchOptions): Promise<Fetched> {
  const refused = refusalOf(url, options)
  if (refused !== undefined) throw new Error(refused)
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    return await read(await answerOf(url, options, signal))
  } catch (error) {
    throw new Error(signal.aborted ? 'timeout' : reasonOf(error), { cause: error })
  }
}

/** What can be told before a name is resolved. The URL parser has brought every notation of an address into one. */
function refusalOf(url: URL, options: FetchOptions): string | undefined {
  const { allowLoopback, connectTo, isForbidden } = options
  if (url.username !== '' || url.password !== '') return 'user_in_url'
  if (connectTo !== undefined)
    return isForbidden(connectTo.address, allowLoopback) ? 'forbidden_address' : undefined
  const isPlain = url.protocol === 'http:'
  if (url.protocol !== 'https:' && !(isPlain && allowLoopback)) return 'scheme'
  const address = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(address) === 0) return undefined
  return allowLoopback && isLoopback(address, options) ? undefined : 'forbidden_address'
}

const isLoopback = (address: string, { isForbidden }: FetchOptions): boolean =>
  isForbidden(address, false) && !isForbidden(address, true)

function answerOf(
  url: URL,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const { connectTo } = options
  const target = connectTo === undefined ? {} : { host: connectTo.address, port: connectTo.port }
  const { get } = url.protocol === 'http:' ? http : https
  return new Promise((resolve, reject) => {
    const settings = {
      ...target,
      agent: false,
      lookup: checkedLookup(url, options),
      headers: { host: url.host, accept: 'application/json', 'user-agent': 'fairlead' },
      signal,
    }
    get(url, settings, resolve).on('error', reject)
  })
}

async function read(response: http.IncomingMessage): Promise<Fetched> {
  if (response.statusCode !== 200) {
    response.destroy()
    throw new Fault(`status_${response.statusCode}`)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largestBody) throw new Fault('too_large')
    chunks.push(chunk)
  }
  const maxAge = /(?:^|[\s,])max-age=(\d{1,9})/.exec(response.headers['cache-control'] ?? '')
  return {
    value: JSON.parse(Buffer.concat(chunks).toString('utf8')),
    maxAgeMs: maxAge === null ? undefined : Number(maxAge[1]) * 1000,
  }
}

/** Its message is the reason. */
class Fault extends Error {}

/** In a word or two, and nothing that an issuer wrote. */
function reasonOf(error: unknown): string {
  if (error instanceof Fault) return error.message
  if (error instanceof SyntaxError) return 'not_json'
  return (error as NodeJS.ErrnoException).code ?? 'failed'
}

/** What the name resolves to is checked, and that very address is connected to: a second look-up cannot differ. */
function checkedLookup({ protocol }: URL, options: FetchOptions): LookupFunction {
  const { allowLoopback, connectTo, isForbidden, lookup = dns.lookup } = options
  const onlyLoopback = protocol === 'http:' && connectTo === undefined
  return (hostname, { all, family = 0 }, callback) => {
    lookup(asked(hostname, options), { all: true, family }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      const good = addresses.filter(
        ({ address }) =>
          !isForbidden(address, allowLoopback) && (!onlyLoopback || isLoopback(address, options)),
      )
      const [first] = good
      if (first === undefined) return callback(new Fault('forbidden_address'), '', 0)
      if (all === true) (callback as unknown as AllCallback)(null, good)
      else callback(null, first.address, first.family)
    })
  }
}

const asked = (hostname: string, { absoluteNames = false }: FetchOptions): string =>
  absoluteNames && !hostname.endsWith('.') ? `${hostname}.` : hostname

type AllCallback = (error: null, addresses: readonly dns.LookupAddress[]) => void
