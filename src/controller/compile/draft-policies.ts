import type { ErrorPage, PathPolicy, RuleLimits, Timeouts, Upgrade } from '../../model/snapshot.ts'
import type { ErrorPageSpec, RouteSpec, RuleSpec, UpgradeSpec } from '../api/specs.ts'
import { draftCors } from './draft-cors.ts'
import { draftEdits, draftRequestEdits } from './draft-headers.ts'
import { type Drafting, ofDefaults } from './drafting.ts'
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
  const { checks, sharing } = drafting
  const cors = spec.cors ?? defaults.cors
  return {
    paths: sharing.share({ ...defaultPaths, ...route.paths }),
    timeouts: sharing.share(
      draftTimeouts(
        { ...defaults.timeouts, ...spec.timeouts },
        `${where}.timeouts`,
        spec.timeouts?.request === undefined && defaults.timeouts?.request !== undefined
          ? ofDefaults(drafting, 'timeouts')
          : drafting,
      ),
    ),
    limits: sharing.share(draftLimits({ ...defaults.limits, ...spec.limits })),
    requestHeaders: sharing.share(
      draftRequestEdits(
        defaults.requestHeaders,
        spec.requestHeaders,
        `${where}.requestHeaders`,
        checks,
      ),
    ),
    responseHeaders: sharing.share(
      draftEdits(
        defaults.responseHeaders,
        spec.responseHeaders,
        `${where}.responseHeaders`,
        checks,
      ),
    ),
    ...(cors !== undefined && { cors: sharing.share(draftCors(cors, `${where}.cors`, checks)) }),
    ...draftUpgrade(spec.upgrade ?? defaults.upgrade, drafting),
    errors: sharing.share((spec.errors ?? defaults.errors ?? []).map(errorPage)),
  }
}

const defaultPaths: PathPolicy = { encodedSlash: 'Reject', mergeSlashes: true, underscores: 'Drop' }

/** 10 MiB of body; any number of requests at once. */
const defaultLimits: RuleLimits = { requestBody: 10 * 1024 * 1024, concurrency: 0 }

/** A call may stream without end, unless somebody said how much a request may hold. */
const draftLimits = (spec: NonNullable<RuleSpec['limits']>): RuleLimits => ({
  ...defaultLimits,
  ...spec,
  ...(spec.requestBody === undefined && { callBody: 0 }),
})

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
      `at most ${maxRequestMs / 1000}s are allowed by the platform`,
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

/** A duration has no more than 24 h, so that this is the longest there is. */
function draftUpgrade(
  spec: UpgradeSpec | undefined,
  { sharing }: Drafting,
): { readonly upgrade?: Upgrade } {
  if (spec?.webSocket !== true) return {}
  return {
    upgrade: sharing.share<Upgrade>({
      webSocket: true,
      maxLifetimeMs: spec.maxLifetime ?? longestMs,
      expiresWithToken: spec.expiresWithToken ?? true,
    }),
  }
}

const errorPage = ({ codes, status, contentType, body }: ErrorPageSpec): ErrorPage => ({
  codes,
  ...(status !== undefined && { status }),
  contentType: contentType ?? 'text/html; charset=utf-8',
  body,
})
