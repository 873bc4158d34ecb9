import type { Health } from '../../model/cluster.ts'
import type { Match } from '../../model/match.ts'
import type {
  Balance,
  Failover,
  HashKey,
  Retry,
  RetryReason,
  Rewrite,
} from '../../model/snapshot.ts'
import type { BackendSpec, BalanceSpec, RetrySpec, RouteSpec, RuleSpec } from '../api/specs.ts'
import type { Checks } from './checks.ts'
import { type ClusterDraft, draftCluster } from './draft-cluster.ts'
import { draftHealth } from './draft-health.ts'
import { draftHostname } from './draft-hostname.ts'
import { checkCookieName, checkUnique } from './draft-names.ts'
import { draftPathRewrite } from './draft-rewrite.ts'
import { draftUpstreamTls } from './draft-tls.ts'
import { draftUrl } from './draft-url.ts'
import type { Drafting } from './drafting.ts'
import type { BackendDraft, ForwardDraft } from './drafts.ts'
import { sameText } from './same-text.ts'

export interface ForwardSource {
  readonly spec: RuleSpec
  readonly route: RouteSpec
  readonly namespace: string
  readonly matches: readonly Match[]
  readonly where: string
}

/** The forwarding of a rule. A backend that cannot be used is left out, its fault in `checks`. */
export function draftForward(source: ForwardSource, drafting: Drafting): ForwardDraft {
  const { spec, route, where } = source
  const defaults = route.defaults ?? {}
  const { checks, sharing } = drafting
  checkUnique(
    (spec.backends ?? []).map(({ name }) => name),
    (at) => `${where}.backends[${at}].name`,
    checks,
  )
  const retry = sharing.share(draftRetry(spec.retry ?? defaults.retry ?? {}))
  const health = sharing.share(
    draftHealth(spec.health ?? defaults.health ?? {}, retry.statuses, `${where}.health`, checks),
  )
  const rewrite = draftRewrite(source, drafting)
  const place = { namespace: source.namespace, health }
  const draft = (backend: BackendSpec, at: number) =>
    draftBackend(backend, place, sameText(`${where}.backends[${at}]`), drafting) ?? []
  return {
    kind: 'forward',
    backends: (spec.backends ?? []).flatMap(draft),
    balance: sharing.share(
      draftBalance(spec.balance ?? defaults.balance ?? {}, `${where}.balance`, checks),
    ),
    retry,
    failover: sharing.share(
      draftFailover(spec.failover ?? defaults.failover ?? {}, health.active !== undefined),
    ),
    ...(rewrite !== undefined && { rewrite: sharing.share(rewrite) }),
  }
}

const defaultMaxConnections = 1024
const defaultMaxPending = 1024

/** What a backend has from its rule and its object. */
interface Place {
  readonly namespace: string
  readonly health: Health
}

function draftBackend(
  spec: BackendSpec,
  { namespace, health }: Place,
  where: string,
  drafting: Drafting,
): BackendDraft | undefined {
  const { name, region = '', weight = 1, priority = 0 } = spec
  const found = draftTarget(spec, namespace, where, drafting)
  if (found === undefined) return undefined
  const { target, basePath } = found
  const limits = {
    maxConnections: spec.maxConnections ?? defaultMaxConnections,
    maxPending: spec.maxPending ?? defaultMaxPending,
  }
  const { protocol } = spec
  const spoken = protocol !== undefined && protocol !== 'HTTP1' && { protocol }
  const cluster = draftCluster({ target, health, ...spoken, ...limits }, drafting.sharing)
  const tls = spec.tls && draftUpstreamTls(spec.tls, namespace, `${where}.tls`)
  if (tls !== undefined && target.kind === 'url' && target.scheme === 'http')
    return drafting.checks.refuse(`${where}.tls`, 'an http url has no TLS; write https')
  const isSecure = tls !== undefined || (target.kind === 'url' && target.scheme === 'https')
  const fault = protocol && protocolFault(protocol, isSecure)
  if (fault !== undefined) return drafting.checks.refuse(`${where}.protocol`, fault)
  return {
    where,
    name,
    region,
    weight,
    priority,
    basePath,
    cluster,
    ...(tls && { tls }),
    ...(protocol !== undefined && { protocol }),
  }
}

function protocolFault(
  protocol: NonNullable<BackendSpec['protocol']>,
  isSecure: boolean,
): string | undefined {
  if (protocol === 'H2C' && isSecure)
    return 'H2C is HTTP/2 without TLS, and this backend has TLS; write HTTP2'
  if (protocol === 'HTTP2' && !isSecure)
    return 'HTTP2 is spoken over TLS, and this backend has none; write H2C, or give it tls or an https url'
  return undefined
}

function draftTarget(
  { service, url }: BackendSpec,
  home: string,
  where: string,
  drafting: Drafting,
): { readonly target: ClusterDraft['target']; readonly basePath: string } | undefined {
  if (service === undefined)
    return url === undefined ? undefined : draftUrl(url, `${where}.url`, drafting)
  const { name, namespace = home, port } = service
  return { target: { kind: 'service', namespace, service: name, port }, basePath: '' }
}

const defaultOn: readonly RetryReason[] = ['ConnectFailure', 'Reset']

function draftRetry(spec: RetrySpec): Retry {
  const on = spec.on ?? defaultOn
  return {
    attempts: spec.attempts ?? 1,
    on: defaultReasonOrder.filter((reason) => on.includes(reason)),
    statuses: [...new Set(on.filter((reason) => typeof reason === 'number'))].sort((a, b) => a - b),
    backoffMs: spec.backoff ?? 25,
    budgetPercent: spec.budget ?? 20,
    idempotencyKeys: spec.idempotencyKeys ?? 'Never',
  }
}

const defaultReasonOrder: readonly RetryReason[] = ['ConnectFailure', 'Reset', 'Timeout']

/** With active probes a rule knows that nothing is healthy; without, it guesses, and rather tries (resilience.md, 5). */
const draftFailover = (spec: NonNullable<RuleSpec['failover']>, probes: boolean): Failover => ({
  panic: spec.panic ?? (probes ? 'Fail' : 'ServeAll'),
  useDrained: spec.useDrained ?? false,
})

function draftBalance(spec: BalanceSpec, where: string, checks: Checks): Balance {
  const { policy = 'LeastRequests', locality = 'Ignore' } = spec
  if (policy !== 'Hash') return { policy, locality }
  const cookie = spec.hash?.cookie?.name
  if (cookie !== undefined) checkCookieName(cookie, `${where}.hash.cookie.name`, checks)
  return { policy, on: draftHashKey(spec.hash ?? {}), locality }
}

const defaultCookieTtlMs = 0

function draftHashKey({ header, cookie }: NonNullable<BalanceSpec['hash']>): HashKey {
  if (header !== undefined) return { kind: 'header', name: header.toLowerCase() }
  if (cookie === undefined) return { kind: 'sourceAddress' }
  const { name, ttl = defaultCookieTtlMs, issue = false } = cookie
  return { kind: 'cookie', name, ttlMs: ttl, issue }
}

function draftRewrite(
  { spec, route, matches, where }: ForwardSource,
  { checks }: Drafting,
): Rewrite | undefined {
  const rewrite = spec.rewrite ?? route.defaults?.rewrite
  if (rewrite === undefined) return undefined
  const at = `${where}.rewrite`
  const path = rewrite.path && draftPathRewrite(rewrite.path, matches, `${at}.path`, checks)
  const hostname =
    rewrite.hostname === undefined
      ? undefined
      : draftHostname(rewrite.hostname, `${at}.hostname`, checks)
  return { ...(path !== undefined && { path }), ...(hostname !== undefined && { hostname }) }
}
