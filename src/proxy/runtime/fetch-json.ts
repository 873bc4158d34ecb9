import dns from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isForbiddenAddress } from '../../model/address.ts'

const timeoutMs = 1500
const largestBody = 150 * 1024

/** A JSON document and how long it may be kept, in milliseconds; undefined when the answer did not say. */
export interface Fetched {
  readonly value: unknown
  readonly maxAgeMs: number | undefined
}

export interface FetchOptions {
  readonly allowLoopback: boolean
  /** Connect here instead of to the URL's host: an endpoint of a Service. */
  readonly connectTo?: { readonly address: string; readonly port: number }
}

/**
 * Fetches a document from an issuer: https (plain http only to loopback in development), no redirects, no proxy, the
 * resolved address checked and used for the connection, 1.5 s and 150 KB at most (C7, J18). Rejects with a short reason.
 */
export function fetchJson(url: URL, options: FetchOptions): Promise<Fetched> {
  const isPlain = url.protocol === 'http:'
  if (!isPlain && url.protocol !== 'https:') return Promise.reject(new Error('scheme'))
  if (isPlain && options.connectTo === undefined && !options.allowLoopback)
    return Promise.reject(new Error('scheme'))
  const target =
    options.connectTo === undefined
      ? {}
      : { host: options.connectTo.address, port: options.connectTo.port }
  const literal = options.connectTo?.address ?? url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal) !== 0 && isForbiddenAddress(literal, options.allowLoopback))
    return Promise.reject(new Error('forbidden_address'))
  const lookup = checkedLookup(options.allowLoopback, isPlain && options.connectTo === undefined)
  return new Promise((resolve, reject) => {
    const request = (isPlain ? http : https).get(
      url,
      {
        ...target,
        agent: false,
        lookup,
        headers: { host: url.host, accept: 'application/json', 'user-agent': 'fairlead' },
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => void read(response).then(resolve, reject),
    )
    request.on('error', reject)
  })
}

async function read(response: http.IncomingMessage): Promise<Fetched> {
  if (response.statusCode !== 200) {
    response.destroy()
    throw new Error(`status_${response.statusCode}`)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largestBody) throw new Error('too_large')
    chunks.push(chunk)
  }
  const maxAge = /(?:^|[\s,])max-age=(\d{1,9})/.exec(response.headers['cache-control'] ?? '')
  return {
    value: JSON.parse(Buffer.concat(chunks).toString('utf8')),
    maxAgeMs: maxAge === null ? undefined : Number(maxAge[1]) * 1000,
  }
}

/** What the name resolves to is checked, and that very address is connected to: a second look-up cannot differ. */
function checkedLookup(allowLoopback: boolean, onlyLoopback: boolean): LookupFunction {
  return (hostname, lookupOptions, callback) => {
    dns.lookup(hostname, { all: true, family: lookupOptions.family ?? 0 }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      const good = addresses.filter(
        ({ address }) =>
          !isForbiddenAddress(address, allowLoopback) &&
          (!onlyLoopback || isForbiddenAddress(address, false)),
      )
      const [first] = good
      if (first === undefined) return callback(new Error('forbidden_address'), '', 0)
      if (lookupOptions.all === true)
        return (callback as unknown as (error: null, addresses: dns.LookupAddress[]) => void)(
          null,
          good,
        )
      callback(null, first.address, first.family)
    })
  }
}
