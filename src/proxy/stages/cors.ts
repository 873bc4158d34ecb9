import type { Cors, Rule } from '../../model/snapshot.ts'
import { HeaderList } from '../http1/header-list.ts'
import { sendHead } from './answer.ts'
import type { Exchange, Policy } from './exchange.ts'

const corsFields = [
  'access-control-allow-origin', 'access-control-allow-credentials', 'access-control-allow-methods',
  'access-control-allow-headers', 'access-control-expose-headers', 'access-control-max-age',
]

/** CORS (Fetch standard): preflights are answered here, the fields of every answer are ours alone. */
export function cors({ cors: policy }: Rule): Policy | undefined {
  if (policy === undefined) return undefined
  const isAllowed = originTest(policy)
  return {
    request: (exchange, next) => {
      if (isPreflight(exchange)) answerPreflight(exchange, policy)
      else next(exchange)
    },
    reply: (exchange, _, headers) => {
      for (const name of corsFields) headers.remove(name)
      const origin = exchange.request.head.headers.get('origin')
      addVary(headers)
      if (origin === undefined || !isAllowed(origin)) return
      headers.add('access-control-allow-origin', policy.allowOrigins.includes('*') ? '*' : origin)
      if (policy.allowCredentials) headers.add('access-control-allow-credentials', 'true')
      if (isPreflight(exchange)) addPreflight(headers, policy)
      else if (policy.exposeHeaders.length > 0) headers.add('access-control-expose-headers', policy.exposeHeaders.join(', '))
    },
  }
}

function isPreflight({ request: { head } }: Exchange): boolean {
  return head.method === 'OPTIONS' && head.headers.has('origin') && head.headers.has('access-control-request-method')
}

function answerPreflight(exchange: Exchange, _: Cors): void {
  sendHead(exchange, 204, new HeaderList(), -1)
  exchange.reply.end()
}

function addPreflight(headers: HeaderList, policy: Cors): void {
  headers.add('access-control-allow-methods', policy.allowMethods.join(', '))
  if (policy.allowHeaders.length > 0) headers.add('access-control-allow-headers', policy.allowHeaders.join(', '))
  if (policy.maxAgeSeconds > 0) headers.add('access-control-max-age', String(policy.maxAgeSeconds))
}

/** Caches must keep answers for different origins apart. */
function addVary(headers: HeaderList): void {
  const vary = headers.all('vary').join(', ')
  if (vary === '*' || /(^|[ ,])origin($|[ ,])/i.test(vary)) return
  headers.set('vary', vary === '' ? 'Origin' : `${vary}, Origin`)
}

/** Exact origins, `*`, or `https://*.shop.example`: one or more labels. */
function originTest({ allowOrigins }: Cors): (origin: string) => boolean {
  const exact = new Set(allowOrigins)
  const wildcards = allowOrigins.filter((origin) => origin.includes('*.')).map((origin) => origin.split('*', 2) as [string, string])
  return (origin) =>
    exact.has('*') ||
    exact.has(origin) ||
    wildcards.some(([before, after]) => origin.length > before.length + after.length && origin.startsWith(before) && origin.endsWith(after) && /^[a-z0-9.-]+$/.test(origin.slice(before.length, -after.length)))
}
