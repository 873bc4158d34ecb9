import { z } from 'zod'
import { accessLogField } from '../../model/access-log.ts'
import { canonicalCidr } from '../../model/address.ts'
import type { Problem } from '../../model/problem.ts'
import { defaultSettings, type Settings } from '../../model/settings.ts'
import { duration, line, positiveDuration, quantity } from './fields.ts'
import { problemsOf } from './problems.ts'

const cidr = z
  .string()
  .max(64)
  .transform((text, context) => {
    const canonical = canonicalCidr(text)
    if (canonical === undefined)
      context.addIssue({
        code: 'custom',
        message: `must be an address or a CIDR such as 10.0.0.0/8, not ${text}`,
      })
    return canonical ?? ''
  })
const cidrs = z.array(cidr).max(256)
const count = (max: number) => z.int().min(1).max(max)
const bytes = (min: number, max: number) =>
  quantity.refine(
    (value) => value >= min && value <= max,
    `must be between ${min} and ${max} bytes`,
  )

const limits = z.strictObject({
  target: bytes(256, 65_536).optional(),
  headerBytes: bytes(1024, 262_144).optional(),
  headerCount: count(1000).optional(),
  chunkExtensions: bytes(1, 65_536).optional(),
  trailerBytes: bytes(1, 262_144).optional(),
  token: bytes(256, 16_384).optional(),
  connections: count(1_000_000).optional(),
  connectionsPerClient: count(1_000_000).optional(),
  requestsInFlight: count(1_000_000).optional(),
  memoryPercent: count(100).optional(),
  memoryShedPercent: count(100).optional(),
  verifications: count(10_000).optional(),
  badSignaturesPerClient: count(1_000_000).optional(),
})

const clocks = z.strictObject({
  head: positiveDuration.optional(),
  bodyIdle: positiveDuration.optional(),
  writeStall: positiveDuration.optional(),
  connectionIdle: positiveDuration.optional(),
  halfCloseGrace: positiveDuration.optional(),
  upstreamIdle: positiveDuration.optional(),
})

const logged = line(256).superRefine((name, context) => {
  if (accessLogField(name) === undefined)
    context.addIssue({
      code: 'custom',
      message: `must be a field of the access log such as url.path or $context.identity.sourceIp, not ${name}; docs/observability.md lists them`,
    })
})

const settings = z.strictObject({
  trustedProxies: cidrs.optional(),
  limits: limits.optional(),
  clocks: clocks.optional(),
  accessLog: z
    .strictObject({
      fields: z.record(line(64), logged).optional(),
      query: z.boolean().optional(),
      maxLine: bytes(1024, 1_048_576).optional(),
    })
    .optional(),
  hostOwnership: z.enum(['Namespace', 'FirstCome', 'Off']).optional(),
  guardrails: z
    .strictObject({
      maxRequest: positiveDuration.optional(),
      allowPublic: z.boolean().optional(),
      urlBackends: z.array(line(253)).max(256).optional(),
      authorizers: z.array(line(320)).max(256).optional(),
    })
    .optional(),
  metrics: z
    .strictObject({
      perRoute: z.boolean().optional(),
      perRouteDurations: z.boolean().optional(),
    })
    .optional(),
  drain: z.strictObject({ min: duration.optional(), timeout: duration.optional() }).optional(),
  debugHeadersFor: cidrs.optional(),
  healthEndpoint: z.boolean().optional(),
})

type Raw = z.infer<typeof settings>

/** Settings, or what is wrong with them. An empty file means the defaults. */
export function decodeSettings(
  value: unknown,
): { readonly settings: Settings } | { readonly problems: readonly Problem[] } {
  const result = settings.safeParse(value ?? {})
  return result.success
    ? { settings: withDefaults(result.data) }
    : { problems: problemsOf(result.error, settings, value, '') }
}

const defined = <T extends object>(value: T | undefined): Partial<T> =>
  Object.fromEntries(
    Object.entries(value ?? {}).filter(([, inner]) => inner !== undefined),
  ) as Partial<T>

function withDefaults(raw: Raw): Settings {
  const { limits: size, accessLog: log, guardrails: rails, drain } = defaultSettings
  return {
    trustedProxies: raw.trustedProxies ?? defaultSettings.trustedProxies,
    limits: { ...size, ...(defined(raw.limits) as Partial<Settings['limits']>) },
    clocks: clocksOf(raw),
    accessLog: {
      fields: raw.accessLog?.fields ?? log.fields,
      query: raw.accessLog?.query ?? log.query,
      maxLineBytes: raw.accessLog?.maxLine ?? log.maxLineBytes,
    },
    hostOwnership: raw.hostOwnership ?? defaultSettings.hostOwnership,
    guardrails: {
      maxRequestMs: raw.guardrails?.maxRequest ?? rails.maxRequestMs,
      allowPublic: raw.guardrails?.allowPublic ?? rails.allowPublic,
      urlBackends: raw.guardrails?.urlBackends ?? rails.urlBackends,
      authorizers: raw.guardrails?.authorizers ?? rails.authorizers,
    },
    metrics: {
      ...defaultSettings.metrics,
      ...(defined(raw.metrics) as Partial<Settings['metrics']>),
    },
    drain: {
      minMs: raw.drain?.min ?? drain.minMs,
      timeoutMs: raw.drain?.timeout ?? drain.timeoutMs,
    },
    debugHeadersFor: raw.debugHeadersFor ?? defaultSettings.debugHeadersFor,
    healthEndpoint: raw.healthEndpoint ?? defaultSettings.healthEndpoint,
  }
}

function clocksOf({ clocks: given = {} }: Raw): Settings['clocks'] {
  const { clocks } = defaultSettings
  return {
    headMs: given.head ?? clocks.headMs,
    bodyIdleMs: given.bodyIdle ?? clocks.bodyIdleMs,
    writeStallMs: given.writeStall ?? clocks.writeStallMs,
    connectionIdleMs: given.connectionIdle ?? clocks.connectionIdleMs,
    halfCloseGraceMs: given.halfCloseGrace ?? clocks.halfCloseGraceMs,
    upstreamIdleMs: given.upstreamIdle ?? clocks.upstreamIdleMs,
  }
}
