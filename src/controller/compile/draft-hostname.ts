import type { Checks } from './checks.ts'
import type { HostnameDraft } from './drafts.ts'
import { sameText } from './same-text.ts'

/** DNS labels, as the codec takes them in a Host; underscores are in use. */
const name =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

/** Hostnames of a route in canonical form (lower case, no dot at the end), each once. One that is none costs only itself. */
export function draftHostnames(
  hostnames: readonly string[],
  checks: Checks,
): readonly HostnameDraft[] {
  const drafts = new Map<string, HostnameDraft>()
  hostnames.forEach((text, at) => {
    const where = sameText(`spec.hostnames[${at}]`)
    const hostname = draftPattern(text, where, checks)
    if (hostname !== undefined && !drafts.has(hostname)) drafts.set(hostname, { hostname, where })
  })
  return [...drafts.values()]
}

/** `api.shop.example`, `*.shop.example` or `*`. */
function draftPattern(text: string, where: string, checks: Checks): string | undefined {
  const pattern = canonical(text)
  if (pattern === '*') return pattern
  if (name.test(pattern.replace(/^\*\./, ''))) return pattern
  return checks.refuse(
    where,
    `"${text}" is not a hostname; write api.shop.example, *.shop.example or *${hintFor(pattern)}`,
  )
}

/** A name that requests are sent to: no wildcard. */
export function draftHostname(text: string, where: string, checks: Checks): string | undefined {
  const hostname = canonical(text)
  if (name.test(hostname)) return hostname
  return checks.refuse(
    where,
    `"${text}" is not a hostname such as orders.internal${hintFor(hostname)}`,
  )
}

const canonical = (text: string): string => text.toLowerCase().replace(/\.$/, '')

/** The usual slips: a URL, a port, letters that DNS has no place for. */
function hintFor(text: string): string {
  const bare = text.replace(/^[a-z]+:\/\//, '').replace(/[:/].*$/, '')
  const ascii = URL.canParse(`http://${bare.replace(/^\*\./, '')}`)
    ? new URL(`http://${bare.replace(/^\*\./, '')}`).hostname
    : ''
  const hint = `${bare.startsWith('*.') ? '*.' : ''}${ascii}`
  return ascii !== '' && name.test(ascii) && hint !== text ? `; did you mean "${hint}"?` : ''
}
