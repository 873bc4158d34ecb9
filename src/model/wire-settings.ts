import { count, type Decode, flag, list, oneOf, record, table, text } from './decode.ts'
import type { Clocks, Limits, Listeners, SecureListener, Settings } from './settings.ts'

const limits: Decode<Limits> = record(
  {
    target: count,
    headerBytes: count,
    headerCount: count,
    chunkExtensions: count,
    trailerBytes: count,
    token: count,
    connections: count,
    connectionsPerClient: count,
    requestsInFlight: count,
    memoryPercent: count,
    memoryShedPercent: count,
    verifications: count,
    badSignaturesPerClient: count,
  },
  {},
)

const clocks: Decode<Clocks> = record(
  {
    headMs: count,
    bodyIdleMs: count,
    writeStallMs: count,
    connectionIdleMs: count,
    halfCloseGraceMs: count,
    upstreamIdleMs: count,
  },
  {},
)

const https: Decode<SecureListener> = record(
  {},
  {
    proxyProtocolFrom: list(text),
    minVersion: oneOf('1.2', '1.3'),
    defaultCertificate: record({ namespace: text, name: text }, {}),
  },
)

const listeners: Decode<Listeners> = record(
  {},
  { http: record({}, { h2c: flag, proxyProtocolFrom: list(text) }), https },
)

export const settings: Decode<Settings> = record(
  {
    trustedProxies: list(text),
    limits,
    clocks,
    accessLog: record({ fields: table(text), query: flag, maxLineBytes: count }, {}),
    hostOwnership: oneOf('Namespace', 'FirstCome', 'Off'),
    guardrails: record(
      { maxRequestMs: count, allowPublic: flag, urlBackends: list(text), authorizers: list(text) },
      {},
    ),
    metrics: record({ perRoute: flag, perRouteDurations: flag }, {}),
    drain: record({ minMs: count, timeoutMs: count }, {}),
    debugHeadersFor: list(text),
    healthEndpoint: flag,
  },
  { listeners },
)
