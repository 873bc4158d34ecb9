import type { Cors, Rule } from '../../model/snapshot.ts'
import { isFieldValue } from '../http1/field-scan.ts'
import { HeaderList } from '../http1/header-list.ts'
import { sendHead } from './answer.ts'
import type { Exchange, Policy } from './exchange.ts'

/**
 * CORS (Fetch, HTTP extensions): preflights are answered here, and the `access-control-*` fields of every answer are
 * ours alone, of the gateway's own failures too. Whether a request may be made at all is not decided here.
 */
export function cors({ cors: policy }: Rule): Policy | undefined {
  if (policy === undefined) return undefined
  const allowsAny = policy.allowOrigins.includes('*')
  const isAllowed = originTest(policy)
  const simple = answerFields(policy, allowsAny)
  const preflight = preflightFields(policy, allowsAny)
  return {
    request: (exchange, next) => {
      if (isPreflight(exchange) && exchange.allow === undefined) answerPreflight(exchange)
      else next(exchange)
    },
    reply: (exchange, _, headers) => {
      headers.filter(isNotCors)
      addVary(headers)
      const origin = onlyOrigin(exchange)
      if (origin === undefined || !isAllowed(origin)) return
      headers.add('access-control-allow-origin', allowsAny ? '*' : origin)
      const fields = isPreflight(exchange) ? preflight : simple
      for (let i = 0; i < fields.length; i++) {
        const [name, value] = fields[i] as Field
        headers.add(name, value)
      }
    },
  }
}

type Field = readonly [name: string, value: string]

/** `*` goes with no credentials: the compiler refuses the two together, and here the credentials are what gives way. */
function answerFields(
  { allowCredentials, exposeHeaders }: Cors,
  allowsAny: boolean,
): readonly Field[] {
  return printable([
    ['access-control-allow-credentials', allowCredentials && !allowsAny ? 'true' : ''],
    ['access-control-expose-headers', exposeHeaders.join(', ')],
  ])
}

function preflightFields(
  { allowCredentials, allowMethods, allowHeaders, maxAgeSeconds }: Cors,
  allowsAny: boolean,
): readonly Field[] {
  return printable([
    ['access-control-allow-credentials', allowCredentials && !allowsAny ? 'true' : ''],
    ['access-control-allow-methods', allowMethods.join(', ')],
    ['access-control-allow-headers', allowHeaders.join(', ')],
    ['access-control-max-age', String(maxAgeSeconds)],
  ])
}

function printable(fields: readonly Field[]): readonly Field[] {
  if (!fields.every(([, value]) => isFieldValue(value)))
    throw new Error('a configured CORS header cannot be printed')
  return fields.filter(([, value]) => value !== '')
}

function isPreflight({ request: { head } }: Exchange): boolean {
  return (
    head.method === 'OPTIONS' &&
    head.headers.has('origin') &&
    head.headers.has('access-control-request-method')
  )
}

/** 204 with what `reply` adds. The body, if somebody sends one, is nobody's. */
function answerPreflight(exchange: Exchange): void {
  sendHead(exchange, 204, new HeaderList(), -1)
  exchange.reply.end()
}

/** A browser sends one; of several none can be believed. */
export function onlyOrigin({ request: { head } }: Exchange): string | undefined {
  const { names } = head.headers
  const at = names.indexOf('origin')
  return at < 0 || names.indexOf('origin', at + 1) >= 0 ? undefined : head.headers.valueAt(at)
}

const isNotCors = (name: string): boolean => !name.startsWith('access-control-')

/** Caches must keep answers for different origins apart, also an answer to a request that named none. */
function addVary(headers: HeaderList): void {
  const at = headers.names.indexOf('vary')
  if (at < 0) return headers.add('vary', 'Origin')
  const vary = headers.all('vary').join(', ')
  const names = vary.split(',').map((name) => name.trim().toLowerCase())
  if (!names.includes('*') && !names.includes('origin')) headers.set('vary', `${vary}, Origin`)
}

/** Exact origins, `*`, or `https://*.shop.example`: one or more labels in the place of the star. */
export function originTest({ allowOrigins }: Cors): (origin: string) => boolean {
  if (allowOrigins.includes('*')) return () => true
  const exact = new Set(allowOrigins)
  const wildcards = allowOrigins.filter((origin) => origin.includes('*')).map(wildcardTest)
  return (origin) => exact.has(origin) || wildcards.some((fits) => fits(origin))
}

function wildcardTest(pattern: string): (origin: string) => boolean {
  const [before = '', after = ''] = pattern.split('*', 2)
  return (origin) =>
    origin.length > before.length + after.length &&
    origin.startsWith(before) &&
    origin.endsWith(after) &&
    areLabels(origin, before.length, origin.length - after.length)
}

/** Letters in lower case, digits, `-` and `.` as browsers print a host: nothing that could end it. */
function areLabels(text: string, from: number, until: number): boolean {
  for (let i = from; i < until; i++) {
    const code = text.charCodeAt(i)
    const isLabel =
      (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 45 || code === 46
    if (!isLabel) return false
  }
  return true
}
