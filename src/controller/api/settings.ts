import type { z } from 'zod'
import type { Problem } from '../../model/problem.ts'
import { defaultSettings, type Settings } from '../../model/settings.ts'
import { problemsOf } from './problems.ts'
import { settingsSchema } from './settings-schema.ts'

type Raw = z.infer<typeof settingsSchema>

/** Settings, or what is wrong with them. An empty file means the defaults. */
export function decodeSettings(
  value: unknown,
): { readonly settings: Settings } | { readonly problems: readonly Problem[] } {
  const result = settingsSchema.safeParse(value ?? {})
  return result.success
    ? { settings: withDefaults(result.data) }
    : { problems: problemsOf(result.error, settingsSchema, value, '') }
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
    ...listenersOf(raw),
  }
}

/** Absent unless something differs from the defaults, so that snapshots without it stay as they are. */
function listenersOf({ listeners: given }: Raw): Pick<Settings, 'listeners'> {
  const { h2c = false, ...plain } = given?.http ?? {}
  const { minVersion, defaultCertificate, ...secure } = given?.https ?? {}
  const http = { ...(h2c && { h2c }), ...proxiesOf(plain) }
  const https = {
    ...proxiesOf(secure),
    ...(minVersion === '1.3' && { minVersion }),
    ...(defaultCertificate && { defaultCertificate }),
  }
  const isPlain = Object.keys(http).length > 0
  const isSecure = Object.keys(https).length > 0
  if (!isPlain && !isSecure) return {}
  return { listeners: { ...(isPlain && { http }), ...(isSecure && { https }) } }
}

const proxiesOf = ({
  proxyProtocolFrom = [],
}: {
  proxyProtocolFrom?: readonly string[] | undefined
}) => (proxyProtocolFrom.length > 0 ? { proxyProtocolFrom } : {})

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
