import { canonicalPath } from '../../model/path.ts'
import type { Checks } from './checks.ts'

/** Refuses a name that stands before in the list, at its own place. */
export function checkUnique(
  names: readonly string[],
  where: (at: number) => string,
  checks: Checks,
): void {
  names.forEach((name, at) => {
    const first = names.indexOf(name)
    if (first < at)
      checks.refuse(
        where(at),
        `"${name}" stands at ${where(first)} already; each may be there once`,
      )
  })
}

/** Cookie names are tokens (RFC 6265 §4.1.1); another could never be found. */
export function checkCookieName(name: string, where: string, checks: Checks): void {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
    checks.refuse(where, `"${name}" cannot be the name of a cookie`)
}

/** A path that the gateway itself requests: canonical, with a query if need be. */
export function checkRequestTarget(target: string, where: string, checks: Checks): void {
  const [path = '', ...query] = target.split('?')
  if (canonicalPath(path)?.path === path && /^[\x21\x24-\x7e]*$/.test(query.join('?'))) return
  checks.refuse(where, `"${target}" cannot be requested; write a path such as /healthz`)
}
