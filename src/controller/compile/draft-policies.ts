import type {
  Cors,
  ErrorPage,
  HeaderEdits,
  HeaderValue,
  PathPolicy,
  RuleLimits,
  Timeouts,
} from '../../model/snapshot.ts'
import type {
  CorsSpec,
  ErrorPageSpec,
  HeaderEditsSpec,
  HeaderSpec,
  RouteSpec,
  RuleSpec,
} from '../api/specs.ts'
import type { Drafting } from './drafting.ts'
import type { Policies } from './drafts.ts'

/**
 * The policies of a rule: its own fields, else the route's `defaults`, else those of api.md. A field
 * replaces the default whole, but timeouts, limits and header lists merge by leaf.
 */
export function draftPolicies(
  spec: RuleSpec,
  route: RouteSpec,
  where: string,
  drafting: Drafting,
): Policies {
  const { defaults = {} } = route
  const { sharing } = drafting
  const cors = spec.cors ?? defaults.cors
  return {
    paths: sharing.share({ ...defaultPaths, ...route.paths }),
    timeouts: sharing.share(
      draftTimeouts({ ...defaults.timeouts, ...spec.timeouts }, `${where}.timeouts`, drafting),
    ),
    limits: sharing.share<RuleLimits>({ ...defaultLimits, ...defaults.limits, ...spec.limits }),
    requestHeaders: sharing.share(
      mergeEdits(defaults.requestHeaders ?? {}, spec.requestHeaders ?? {}),
    ),
    responseHeaders: sharing.share(
      mergeEdits(defaults.responseHeaders ?? {}, spec.responseHeaders ?? {}),
    ),
    ...(cors !== undefined && { cors: sharing.share(draftCors(cors, `${where}.cors`, drafting)) }),
    errors: sharing.share((spec.errors ?? defaults.errors ?? []).map(errorPage)),
  }
}

const defaultPaths: PathPolicy = { encodedSlash: 'Reject', mergeSlashes: true, underscores: 'Drop' }

/** 10 MiB of body; any number of requests at once. */
const defaultLimits: RuleLimits = { requestBody: 10 * 1024 * 1024, concurrency: 0 }

const defaultRequestMs = 30_000
const defaultConnectMs = 1000
const defaultIdleMs = 60_000

/** The default of the request clock gives way to the platform's guardrail; a longer one that somebody wrote is refused. */
function draftTimeouts(
  spec: NonNullable<RuleSpec['timeouts']>,
  where: string,
  { options, checks }: Drafting,
): Timeouts {
  const { maxRequestMs } = options.settings.guardrails
  const requestMs = spec.request ?? Math.min(defaultRequestMs, maxRequestMs)
  if (requestMs > maxRequestMs || (requestMs === 0 && maxRequestMs < longestMs)) {
    checks.refuse(
      `${where}.request`,
      `at most ${maxRequestMs}ms are allowed by the platform`,
      'NotPermitted',
    )
  }
  return {
    requestMs,
    backendRequestMs: spec.backendRequest ?? requestMs,
    connectMs: spec.connect ?? defaultConnectMs,
    idleMs: spec.idle ?? defaultIdleMs,
  }
}

/** 24 h, the longest duration there is: a guardrail that is not lower forbids nothing. */
const longestMs = 86_400_000

/** By name: what a rule says about a header goes before the default. */
function mergeEdits(defaults: HeaderEditsSpec, own: HeaderEditsSpec): HeaderEdits {
  return {
    remove: [
      ...new Set(
        [...(defaults.remove ?? []), ...(own.remove ?? [])].map((name) => name.toLowerCase()),
      ),
    ],
    set: mergeHeaders(defaults.set ?? [], own.set ?? []),
    add: mergeHeaders(defaults.add ?? [], own.add ?? []),
  }
}

function mergeHeaders(
  defaults: readonly HeaderSpec[],
  own: readonly HeaderSpec[],
): readonly HeaderValue[] {
  const values = own.map(headerValue)
  const names = new Set(values.map(({ name }) => name))
  return [...defaults.map(headerValue).filter(({ name }) => !names.has(name)), ...values]
}

export const headerValue = ({ name, value }: HeaderSpec): HeaderValue => ({
  name: name.toLowerCase(),
  value,
})

const defaultMaxAgeMs = 5000

function draftCors(spec: CorsSpec, where: string, { checks }: Drafting): Cors {
  const allowCredentials = spec.allowCredentials ?? false
  if (allowCredentials && spec.allowOrigins.includes('*')) {
    checks.refuse(
      where,
      'allowCredentials cannot go with allowOrigins "*"; list the origins (Fetch, CORS protocol)',
    )
  }
  return {
    allowOrigins: spec.allowOrigins,
    allowMethods: spec.allowMethods ?? [],
    allowHeaders: (spec.allowHeaders ?? []).map((name) => name.toLowerCase()),
    exposeHeaders: (spec.exposeHeaders ?? []).map((name) => name.toLowerCase()),
    allowCredentials,
    maxAgeSeconds: Math.floor((spec.maxAge ?? defaultMaxAgeMs) / 1000),
  }
}

const errorPage = ({ codes, status, contentType, body }: ErrorPageSpec): ErrorPage => ({
  codes,
  ...(status !== undefined && { status }),
  contentType: contentType ?? 'text/html',
  body,
})
