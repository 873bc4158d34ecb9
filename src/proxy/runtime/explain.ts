import { failures } from '../../model/failure.ts'
import type { Match, ValueMatch } from '../../model/match.ts'
import { canonicalPath } from '../../model/path.ts'
import type { HostEntry } from '../../model/snapshot.ts'
import type { HeaderList } from '../http1/header-list.ts'
import type { ParseFault, RequestHead } from '../http1/message.ts'
import { type HeadLimits, RequestParser } from '../http1/request-parser.ts'
import { isKnownMethod } from './known-method.ts'
import { pathTest, type ValueTest } from './matchers.ts'
import type { Loss, RouteResult, Router } from './router.ts'

/** A request as a client would send it. */
export interface ExplainedRequest {
  readonly hostname: string
  readonly method: string
  /** As it was sent. */
  readonly rawPath: string
  /** With its `?`. */
  readonly query: string
  readonly headers: HeaderList
}

/** What became of one entry of the host. `outranked`: its path fits, and a more specific one decided. */
export interface Considered {
  readonly rule: string
  readonly match: Match
  readonly verdict: 'won' | 'outranked' | Loss
  /** One sentence. */
  readonly because: string
}

/** Which rule a request gets and why. The routing is the router's own; this only watches it. */
export interface Explanation {
  /** Canonical, what was matched; undefined when the path has no canonical form (400). */
  readonly path: string | undefined
  /** The hostname of the table that decided: `api.shop.example`, `*.shop.example` or `*`. */
  readonly host: string | undefined
  readonly outcome: RouteResult['kind'] | 'path_invalid' | 'method_unknown' | 'refused'
  /** The rule that serves it; of `method` and `method_unknown`, the rule whose authorization decides whether that is told. */
  readonly entry: HostEntry | undefined
  /** Of `method`: what Allow says. */
  readonly allow: readonly string[]
  /** One sentence. */
  readonly summary: string
  /** All entries of the host, in order of precedence. */
  readonly considered: readonly Considered[]
}

export function explain(
  router: Router,
  request: ExplainedRequest,
  limits: HeadLimits,
): Explanation {
  const head = headOf(request, limits)
  return 'code' in head ? neverRouted(head) : explainHead(router, head)
}

/** The request through the parser that clients meet. */
function headOf(request: ExplainedRequest, limits: HeadLimits): RequestHead | ParseFault {
  const { method, rawPath, query, hostname, headers } = request
  const fields = headers.names.map((name, i) => `${name}: ${headers.valueAt(i)}\r\n`).join('')
  const text = `${method} ${rawPath}${query} HTTP/1.1\r\nhost: ${hostname}\r\n${fields}\r\n`
  const bytes = Buffer.from(text)
  const parser = new RequestParser(limits)
  return parser.parse(bytes, 0, bytes.length) === bytes.length ? parser.head : parser.fault
}

function neverRouted({ code }: ParseFault): Explanation {
  const summary = `the gateway refuses it with ${failures[code].status} ${code}, before any rule is looked for`
  return { ...refused(undefined, undefined, summary), outcome: 'refused' }
}

function explainHead(router: Router, request: RequestHead): Explanation {
  const { hostname, method, rawPath, query, headers } = request
  const canonical = canonicalPath(rawPath)
  const table = router.table(hostname)
  const host = table?.host.hostname
  if (canonical === undefined) return refused(undefined, host, 'the path has no canonical form')
  const { path, encodedSlash } = canonical
  const losses = new Map<HostEntry, { by: Loss; condition: ValueTest | undefined }>()
  const result = router.route(hostname, method, path, query, headers, {
    lost: (entry, by, condition) => losses.set(entry, { by, condition }),
  })
  const entry = 'entry' in result ? result.entry : undefined
  if (encodedSlash && result.kind === 'none') {
    return refused(path, host, 'the path holds an encoded slash, which no rule keeps')
  }
  if (encodedSlash && entry?.rule.paths.encodedSlash === 'Reject') {
    return refused(
      path,
      host,
      `the path holds an encoded slash, which rule ${entry.rule.id} rejects`,
    )
  }
  const winner = result.kind === 'rule' ? entry : undefined
  const considered = (table?.host.entries ?? []).map((each) => {
    const loss = each === winner ? undefined : losses.get(each)
    const verdict: Considered['verdict'] =
      each === winner ? 'won' : (loss?.by ?? unseenVerdict(each, path))
    return {
      rule: each.rule.id,
      match: each.match,
      verdict,
      because: because(verdict, each, loss?.condition),
    }
  })
  const allow = result.kind === 'method' ? result.allow : []
  return {
    path,
    host,
    outcome:
      result.kind === 'rule' && isUnknown(method, result.entry) ? 'method_unknown' : result.kind,
    entry,
    allow,
    summary: summary(result, request),
    considered,
  }
}

/** A rule that is broken looks at no method. */
const isUnknown = (method: string, entry: HostEntry): boolean =>
  entry.rule.action.kind !== 'invalid' && !isKnownMethod(method, entry)

const refused = (
  path: string | undefined,
  host: string | undefined,
  summary: string,
): Explanation => ({
  path,
  host,
  outcome: 'path_invalid',
  entry: undefined,
  allow: [],
  summary,
  considered: [],
})

/** The router does not look at what is in another part of its table, or behind the one that decided. */
const unseenVerdict = ({ match }: HostEntry, path: string): 'outranked' | 'path' =>
  pathTest(match.path)(path) ? 'outranked' : 'path'

function because(
  verdict: Considered['verdict'],
  { match }: HostEntry,
  condition: ValueTest | undefined,
): string {
  switch (verdict) {
    case 'won':
      return 'its path is the most specific one and all its conditions hold'
    case 'outranked':
      return 'a more specific match decided'
    case 'path':
      return `${match.path.kind} ${match.path.value} does not match the path`
    case 'method':
      return `it takes only ${match.methods.join(', ')}`
    case 'header':
    case 'query':
      return `${verdict === 'header' ? 'header' : 'parameter'} ${condition === undefined ? '' : wish(condition.match)}`
  }
}

function wish(match: ValueMatch): string {
  if (match.kind === 'present') return `${match.name} must ${match.value ? '' : 'not '}be there`
  const verb = { exact: 'be', prefix: 'begin with', regex: 'match' }[match.kind]
  return `${match.name} must ${verb} "${match.value}" in every value`
}

function summary(result: RouteResult, { hostname, method }: ExplainedRequest): string {
  switch (result.kind) {
    case 'rule':
      return summaryOfRule(result.entry, method)
    case 'method':
      return `the path has rules, none of them for ${method}: 405 to whom ${result.entry.rule.id} authorizes`
    case 'held':
      return `an object that owns "${hostname}" cannot be decoded, so that what no rule matches is held back: 503`
    case 'ambiguous':
      return 'with and without its ; parameters the path leads to different rules: 400'
    case 'none':
      return `no rule matches: 404`
  }
}

function summaryOfRule(entry: HostEntry, method: string): string {
  const { id, action } = entry.rule
  if (action.kind === 'invalid') return `rule ${id} is broken and holds its place: 503`
  return isUnknown(method, entry)
    ? `${method} is no registered method and no match of rule ${id} names it: 501 to whom the rule authorizes`
    : `rule ${id} serves it`
}
