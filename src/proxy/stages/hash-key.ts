import type { HashKey } from '../../model/snapshot.ts'
import { cookieValue } from '../http1/cookie.ts'
import { hashText } from '../runtime/balance.ts'
import type { Exchange } from './exchange.ts'

/** What requests are spread by; undefined when a request does not have it, then any endpoint will do. */
export function hashKey(key: HashKey): (exchange: Exchange) => number | undefined {
  switch (key.kind) {
    case 'header':
      return ({ headers }) => hashed(headers.get(key.name))
    case 'cookie':
      return ({ headers, issuedPin }) =>
        hashed(issuedPin === '' ? cookieValue(headers.all('cookie'), key.name) : issuedPin)
    case 'sourceAddress':
      return ({ client }) => hashText(client)
  }
}

const hashed = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : hashText(text)
