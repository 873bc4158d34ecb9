import { isRecord } from '../../model/decode.ts'
import { hostname } from './api-route.ts'
import { match } from './route-matches.ts'
import type { MatchSpec } from './specs.ts'

const textsIn = (value: unknown): readonly string[] =>
  [value].flat().filter((item): item is string => typeof item === 'string' && item.length <= 1024)

/**
 * Hostnames that a broken spec means, as far as they can be told: also of a field that is misspelt, of one that is no list,
 * and with a port. What they name is held (invariant 3); nothing is served by them.
 */
export function hostnamesIn(spec: Readonly<Record<string, unknown>>): string[] {
  const fields = Object.keys(spec).filter((name) => /^host/i.test(name))
  return fields
    .flatMap((name) => textsIn(spec[name]))
    .slice(0, 64)
    .flatMap((text) => hostname.safeParse(text.replace(/:\d*$/, '')).data ?? [])
}

/**
 * The places of a match that is broken. Where its path can be read, that is it, for every request there. Else whatever looks like a
 * path in it is held, and `undefined` says that it may have been another one.
 */
export function pathsIn(item: unknown): (MatchSpec | undefined)[] {
  const path = isRecord(item) ? item['path'] : undefined
  if (path === undefined) return [undefined]
  const whole = match.safeParse({ path })
  if (whole.success) return [whole.data as MatchSpec]
  const texts = isRecord(path) ? Object.values(path).flatMap(textsIn) : textsIn(path)
  return [...texts.map(underPath), undefined]
}

/** Everything under it: more than was meant at most. */
function underPath(text: string): MatchSpec | undefined {
  const prefix = text.startsWith('/') ? text : `/${text}`
  return match.safeParse({ path: { prefix } }).data as MatchSpec | undefined
}
