import type { Cors } from '../../model/snapshot.ts'
import type { CorsSpec } from '../api/specs.ts'
import type { Checks } from './checks.ts'

const defaultMethods = ['GET', 'HEAD', 'POST']
const defaultMaxAgeMs = 5000

/** Cross-origin requests (Fetch, CORS protocol), with the defaults of api.md. */
export function draftCors(spec: CorsSpec, where: string, checks: Checks): Cors {
  const allowCredentials = spec.allowCredentials ?? false
  if (allowCredentials && spec.allowOrigins.includes('*')) {
    checks.refuse(where, 'allowCredentials cannot go with allowOrigins "*"; list the origins')
  }
  for (const [at, origin] of spec.allowOrigins.entries()) {
    checkOrigin(origin, `${where}.allowOrigins[${at}]`, checks)
  }
  return {
    allowOrigins: spec.allowOrigins.map((origin) => origin.toLowerCase()),
    allowMethods: spec.allowMethods ?? defaultMethods,
    allowHeaders: (spec.allowHeaders ?? []).map((name) => name.toLowerCase()),
    exposeHeaders: (spec.exposeHeaders ?? []).map((name) => name.toLowerCase()),
    allowCredentials,
    maxAgeSeconds: Math.floor((spec.maxAge ?? defaultMaxAgeMs) / 1000),
  }
}

/** An origin is compared to the letter: with a path, a slash or a default port it would never match (RFC 6454 §6.2). */
function checkOrigin(text: string, where: string, checks: Checks): void {
  if (text === '*') return
  const sample = text.replace('://*.', '://wildcard.')
  const right = URL.canParse(sample)
    ? new URL(sample).origin.replace('://wildcard.', '://*.')
    : 'null'
  if (text.toLowerCase() === right) return
  const hint =
    right === 'null'
      ? 'write https://shop.example, https://*.shop.example or *'
      : `write "${right}"`
  checks.refuse(where, `"${text}" is not an origin; ${hint}`)
}
