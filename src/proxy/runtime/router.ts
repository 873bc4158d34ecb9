import { changes } from '../../model/changes.ts'
import { canonicalPath, withoutParameters } from '../../model/path.ts'
import type { Host, HostEntry } from '../../model/snapshot.ts'
import { flat } from '../http1/flat.ts'
import type { HeaderList } from '../http1/header-list.ts'
import { HostTable, type TableNode, type Tier } from './host-table.ts'
import { headerFits, parameterFits, type ValueTest } from './matchers.ts'
import { type Parameters, queryParameters } from './query-parameters.ts'
import type { TextTest } from './regex.ts'
import { RuleKeeper } from './rule-keeper.ts'

export type RouteResult =
  | { readonly kind: 'rule'; readonly entry: HostEntry }
  /** The path has rules, none for the method; the entry's authorization decides whether that may be told. */
  | { readonly kind: 'method'; readonly entry: HostEntry; readonly allow: readonly string[] }
  /** An object that owns the host cannot be decoded: what nothing matches is not known to be free. */
  | { readonly kind: 'held' }
  /** With and without its `;` parameters the path leads to different rules (P5). */
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'none' }

/** The condition that an entry failed by. */
export type Loss = 'path' | 'method' | 'header' | 'query'

/** Is told of every entry that was looked at and lost; for explanations only. */
export interface Trace {
  lost(entry: HostEntry, by: Loss, condition: ValueTest | undefined): void
}

const none: RouteResult = Object.freeze({ kind: 'none' })
const held: RouteResult = Object.freeze({ kind: 'held' })
const ambiguous: RouteResult = Object.freeze({ kind: 'ambiguous' })
/** Anyone can invent hostnames under a wildcard. */
const mostKnown = 4096

/**
 * Finds the rule of a request (api.md, Precedence): hostname exact, then longest wildcard, then `*`; in the
 * host's table the most specific path whose conditions hold. Hosts that did not change keep their tables, and
 * rules that did not change stay the same objects, with all that is remembered about them.
 */
export class Router {
  readonly #hosts: readonly Host[]
  readonly #tables: Map<string, HostTable>
  readonly #rules: RuleKeeper
  /** Tables of hostnames that were asked for, so that wildcards are not searched label by label each time. */
  readonly #known = new Map<string, HostTable>()
  /** Some host is not served like any other, plain or not. */
  readonly hasTls: boolean
  /** The last query that conditions were asked about, and its parameters. */
  #query = ''
  #parameters = queryParameters('')

  /**
   * Throws before anything has changed when a host cannot be made ready. Takes over the tables of the previous router, which is of no
   * use from then on.
   *
   * @param hosts sorted by hostname
   */
  constructor(hosts: readonly Host[], previous?: Router) {
    const before = previous === undefined ? [] : previous.#hosts
    const { come, gone } = changes(before, hosts, ({ hostname }) => hostname, isSameDigest)
    this.#hosts = hosts
    this.#tables = previous === undefined ? new Map<string, HostTable>() : previous.#tables
    this.#rules = previous === undefined ? new RuleKeeper() : previous.#rules
    const tables = this.#rules.keep(come).map((host) => new HostTable(host))
    // Nothing throws from here on.
    const left = [...gone, ...come.map(({ hostname }) => hostname)]
    const old = left.flatMap((hostname) => this.#tables.get(hostname)?.host ?? [])
    this.#rules.move({ gone: old, come: tables.map(({ host }) => host) })
    for (const hostname of gone) this.#tables.delete(hostname)
    for (const table of tables) this.#tables.set(table.host.hostname, table)
    this.hasTls = hosts.some(({ tls }) => tls !== undefined)
  }

  hosts(): readonly Host[] {
    return Array.from(this.#tables.values(), ({ host }) => host)
  }

  /**
   * Never throws, whatever the request. Repeated calls answer the same objects.
   *
   * @param hostname canonical: lower case, no port, no trailing dot
   * @param path canonical
   * @param query with its `?`, '' without one
   */
  route(
    hostname: string,
    method: string,
    path: string,
    query: string,
    headers: HeaderList,
    trace?: Trace,
  ): RouteResult {
    const table = this.table(hostname)
    if (table === undefined) return none
    const result = this.#lookUp(table, method, path, query, headers, trace)
    const isEncoded = path.indexOf('%3B') >= 0
    const isRaw = path.indexOf(';') >= 0
    if (!isEncoded && !isRaw) return result
    // Servlet containers cut parameters off before they decode, so that `%3B` belongs to a name; others decode first.
    // A backend may be either, and both must be led to where the path as it stands is.
    const bare = isRaw ? [withoutParameters(path)] : []
    if (isEncoded) bare.push(withoutParameters(path.replaceAll('%3B', ';')))
    const agrees = bare.every((text) => {
      // What is left of a segment may be nothing or dots, so that it is not canonical yet.
      const other = canonicalPath(text)
      if (other === undefined) return false
      return leadsToSame(result, this.#lookUp(table, method, other.path, query, headers, undefined))
    })
    return agrees ? result : ambiguous
  }

  /** The most specific table for a hostname; its owners alone decide what is served under it. */
  table(hostname: string): HostTable | undefined {
    const known = this.#known.get(hostname)
    if (known !== undefined) return known
    const table = this.#search(hostname)
    if (table === undefined) return undefined
    if (this.#known.size >= mostKnown) this.#known.clear()
    this.#known.set(flat(hostname), table)
    return table
  }

  #search(hostname: string): HostTable | undefined {
    // No request names a wildcard itself, but a table must not be found by one either.
    const exact = hostname.startsWith('*') ? undefined : this.#tables.get(hostname)
    if (exact !== undefined) return exact
    for (let dot = hostname.indexOf('.'); dot >= 0; dot = hostname.indexOf('.', dot + 1)) {
      const wildcard = this.#tables.get(`*${hostname.slice(dot)}`)
      if (wildcard !== undefined) return wildcard
    }
    return this.#tables.get('*')
  }

  #lookUp(
    table: HostTable,
    method: string,
    path: string,
    query: string,
    headers: HeaderList,
    trace: Trace | undefined,
  ): RouteResult {
    if (method === 'OPTIONS') {
      const announced = announcedMethod(headers)
      if (announced !== undefined) {
        // Routed as the request it announces, which may carry any header (Fetch, CORS-preflight fetch).
        const found = this.#find(table, announced, path, query, undefined, trace)
        if (found?.kind === 'rule' && found.entry.rule.cors !== undefined) return found
      }
    }
    const found = this.#find(table, method, path, query, headers, trace)
    if (found?.kind === 'rule') return found
    return table.host.held ? held : (found ?? none)
  }

  /** @param headers undefined: conditions on headers and query do not count */
  #find(
    table: HostTable,
    method: string,
    path: string,
    query: string,
    headers: HeaderList | undefined,
    trace: Trace | undefined,
  ): RouteResult | undefined {
    const tier = table.exact?.get(path)
    if (tier !== undefined) {
      const found = this.#choose(tier, method, path, query, headers, trace)
      if (found !== undefined) return found
    }
    return this.#descend(table.root, 1, method, path, query, headers, trace)
  }

  /** The deepest node comes first: it has the most literal segments. */
  #descend(
    node: TableNode,
    at: number,
    method: string,
    path: string,
    query: string,
    headers: HeaderList | undefined,
    trace: Trace | undefined,
  ): RouteResult | undefined {
    const { children, tiers } = node
    if (children !== undefined && at <= path.length) {
      const slash = path.indexOf('/', at)
      const end = slash < 0 ? path.length : slash
      const child = children.get(path.slice(at, end))
      if (child !== undefined) {
        const found = this.#descend(child, end + 1, method, path, query, headers, trace)
        if (found !== undefined) return found
      }
    }
    for (let i = 0; i < tiers.length; i++) {
      const found = this.#choose(tiers[i] as Tier, method, path, query, headers, trace)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** The first entry that holds. If the path has entries but none for the method, less specific paths are not tried. */
  #choose(
    tier: Tier,
    method: string,
    path: string,
    query: string,
    headers: HeaderList | undefined,
    trace: Trace | undefined,
  ): RouteResult | undefined {
    let pathFits = false
    let methodFits = false
    let last: TextTest | undefined
    let lastFits = true
    for (let i = 0; i < tier.length; i++) {
      const ready = tier[i] as Tier[number]
      if (ready.path !== last) {
        last = ready.path
        lastFits = last === undefined || last(path)
      }
      if (!lastFits) {
        trace?.lost(ready.result.entry, 'path', undefined)
        continue
      }
      pathFits = true
      if (ready.methods !== undefined && !ready.methods.includes(method)) {
        trace?.lost(ready.result.entry, 'method', undefined)
        continue
      }
      methodFits = true
      if (headers !== undefined) {
        const header = ready.headers && missedHeader(ready.headers, headers)
        if (header !== undefined) {
          trace?.lost(ready.result.entry, 'header', header)
          continue
        }
        const parameter = ready.query && missedParameter(ready.query, this.#parametersOf(query))
        if (parameter !== undefined) {
          trace?.lost(ready.result.entry, 'query', parameter)
          continue
        }
      }
      return ready.result
    }
    return pathFits && !methodFits ? notAllowed(tier, path) : undefined
  }

  #parametersOf(query: string): Parameters {
    if (query !== this.#query) {
      this.#parameters = queryParameters(query)
      this.#query = query
    }
    return this.#parameters
  }
}

const isSameDigest = (a: Host, b: Host): boolean => a.digest === b.digest

/** The first condition that the headers do not satisfy. */
function missedHeader(tests: readonly ValueTest[], headers: HeaderList): ValueTest | undefined {
  for (let i = 0; i < tests.length; i++) {
    if (!headerFits(tests[i] as ValueTest, headers)) return tests[i]
  }
  return undefined
}

function missedParameter(
  tests: readonly ValueTest[],
  parameters: Parameters,
): ValueTest | undefined {
  for (let i = 0; i < tests.length; i++) {
    const test = tests[i] as ValueTest
    if (!parameterFits(test, parameters.get(test.match.name))) return test
  }
  return undefined
}

/** Every method that some entry of the path has. Not prebuilt: entries of one tier may have different paths. */
function notAllowed(tier: Tier, path: string): RouteResult {
  const fitting = tier.filter(({ path: test }) => test === undefined || test(path))
  const { entry } = (fitting[0] as Tier[number]).result
  const allow = new Set(fitting.flatMap(({ methods }) => methods ?? []))
  return { kind: 'method', entry, allow: [...allow].sort() }
}

/** What a CORS preflight asks for; undefined for any other OPTIONS request. */
function announcedMethod(headers: HeaderList): string | undefined {
  return headers.has('origin') ? headers.get('access-control-request-method') : undefined
}

function leadsToSame(a: RouteResult, b: RouteResult): boolean {
  const ruleOf = (result: RouteResult) => ('entry' in result ? result.entry.rule : undefined)
  return a.kind === b.kind && ruleOf(a) === ruleOf(b)
}
