import { HeaderList } from '../http1/header-list.ts'
import { canonicalAuthority } from '../http1/host.ts'
import type { ExplainedRequest } from './explain.ts'

const target = /^(https?):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?$/i

/**
 * The request that a client would send for a URL, as it was typed: a `URL` object would resolve `..` and escape what
 * the gateway must see. A `host` among the headers counts more than that of the URL. Undefined when there is none.
 */
export function explainedRequest(
  method: string,
  url: string,
  fields: readonly (readonly [name: string, value: string])[],
): ExplainedRequest | undefined {
  const [, scheme = '', host = '', path = '', query = ''] = target.exec(url) ?? []
  const headers = new HeaderList()
  for (const [name, value] of fields) headers.add(name.toLowerCase(), value)
  const port = scheme.toLowerCase() === 'https' ? 443 : 80
  const authority = canonicalAuthority(headers.get('host') ?? host, port)
  if (authority === undefined) return undefined
  headers.remove('host')
  return { method, hostname: authority.hostname, rawPath: path === '' ? '/' : path, query, headers }
}
