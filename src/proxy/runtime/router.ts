import { withoutParameters } from '../../model/path.ts'
import type { Host, HostEntry } from '../../model/snapshot.ts'
import { flat } from '../http1/flat.ts'
import type { HeaderList } from '../http1/header-list.ts'
import { HostTable, type PathGroup } from './host-table.ts'

export type RouteResult =
  | { readonly kind: 'rule'; readonly entry: HostEntry }
  /** The path has rules, none for the method; the entry's authorization decides whether that may be told. */
  | { readonly kind: 'method'; readonly entry: HostEntry; readonly allow: readonly string[] }
  /** An object that owns the host cannot be decoded: what nothing matches is not known to be free. */
  | { readonly kind: 'held' }
  /** With and without its `;` parameters the path leads to different rules (P5). */
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'none' }

const none: RouteResult = Object.freeze({ kind: 'none' })
const held: RouteResult = Object.freeze({ kind: 'held' })
/** Anyone can invent hostnames under a wildcard. */
const mostKnown = 4096
const ambiguous: RouteResult = Object.freeze({ kind: 'ambiguous' })

/**
 * Finds the rule of a request (api.md, Precedence): hostname exact, then longest wildcard, then `*`; in the
 * host's table the most specific path whose conditions hold. Hosts that did not change keep their tables.
 */
export class Router {
  readonly #tables = new Map<string, HostTable>()
  /** Tables of hostnames that were asked for, so that wildcards are not searched label by label each time. */
  readonly #known = new Map<string, HostTable | undefined>()

  constructor(hosts: readonly Host[], previous?: Router) {
    for (const host of hosts) {
      const old = previous === undefined ? undefined : previous.#tables.get(host.hostname)
      this.#tables.set(host.hostname, old?.host.digest === host.digest && old.host === host ? old : new HostTable(host))
    }
  }

  /** @param path canonical; @param query with its `?` */
  route(hostname: string, method: string, path: string, query: string, headers: HeaderList): RouteResult {
    const table = this.table(hostname)
    if (table === undefined) return none
    const result = this.#lookUp(table, method, path, query, headers)
    if (path.indexOf(';') < 0) return result
    const other = this.#lookUp(table, method, withoutParameters(path), query, headers)
    return sameRule(result, other) ? result : ambiguous
  }

  /** The most specific table for a host; its owner alone decides what is served under it. */
  table(hostname: string): HostTable | undefined {
    const known = this.#known.get(hostname)
    if (known !== undefined) return known
    const table = this.#search(hostname)
    if (this.#known.size >= mostKnown) this.#known.clear()
    if (table !== undefined) this.#known.set(flat(hostname), table)
    return table
  }

  #search(hostname: string): HostTable | undefined {
    const exact = this.#tables.get(hostname)
    if (exact !== undefined) return exact
    for (let dot = hostname.indexOf('.'); dot >= 0; dot = hostname.indexOf('.', dot + 1)) {
      const wildcard = this.#tables.get(`*${hostname.slice(dot)}`)
      if (wildcard !== undefined) return wildcard
    }
    return this.#tables.get('*')
  }

  #lookUp(table: HostTable, method: string, path: string, query: string, headers: HeaderList): RouteResult {
    const preflight = method === 'OPTIONS' ? preflightMethod(headers) : undefined
    const found = table.find(path, (group) => choose(group, preflight ?? method, preflight !== undefined, query, headers))
    return found ?? (table.host.held ? held : none)
  }
}

function choose(group: PathGroup, method: string, preflight: boolean, query: string, headers: HeaderList): RouteResult | undefined {
  let methodFits = false
  for (const { result, headers: headersFit, query: queryFits } of group.entries) {
    const { methods } = result.entry.match
    if (methods.length > 0 && !methods.includes(method)) continue
    methodFits = true
    if (!preflight && headersFit !== undefined && !headersFit(headers)) continue
    if (!preflight && queryFits !== undefined && !queryFits(query)) continue
    return result
  }
  return methodFits ? undefined : notAllowed(group)
}

function notAllowed(group: PathGroup): RouteResult {
  const allow = new Set(group.entries.flatMap(({ result }) => result.entry.match.methods))
  return { kind: 'method', entry: (group.entries[0] as PathGroup['entries'][number]).result.entry, allow: [...allow].sort() }
}

/** A CORS preflight is routed as the request it announces (Fetch, CORS-preflight fetch). */
function preflightMethod(headers: HeaderList): string | undefined {
  return headers.has('origin') ? headers.get('access-control-request-method') : undefined
}

function sameRule(a: RouteResult, b: RouteResult): boolean {
  const ruleOf = (result: RouteResult) => ('entry' in result ? result.entry.rule : undefined)
  return ruleOf(a) === ruleOf(b) && (a.kind === b.kind || ruleOf(a) !== undefined)
}
