import { count, type Decode, flag, list, oneOf, record, text, union, yes } from './decode.ts'
import { type FailureCode, failures } from './failure.ts'
import type {
  Action,
  Backend,
  Balance,
  Cors,
  ErrorPage,
  Failover,
  Forward,
  HashKey,
  HeaderEdits,
  HeaderValue,
  Origin,
  PathRewrite,
  Retry,
  Rewrite,
  Rule,
  Upgrade,
} from './snapshot.ts'
import { authorize } from './wire-authorizer.ts'

const origin: Decode<Origin> = record(
  { kind: text, namespace: text, name: text, generation: count },
  {},
)

const headers: Decode<readonly HeaderValue[]> = list(record({ name: text, value: text }, {}))

const edits: Decode<HeaderEdits> = record({ remove: list(text), set: headers, add: headers }, {})

const pathRewrite = union<PathRewrite, 'kind'>('kind', {
  prefix: record({ kind: oneOf('prefix'), value: text }, {}),
  full: record({ kind: oneOf('full'), template: text }, {}),
})

const hashKey = union<HashKey, 'kind'>('kind', {
  header: record({ kind: oneOf('header'), name: text }, {}),
  cookie: record({ kind: oneOf('cookie'), name: text, ttlMs: count, issue: flag }, {}),
  sourceAddress: record({ kind: oneOf('sourceAddress') }, {}),
})

const locality = oneOf('Ignore', 'PreferLocal')

const unkeyed = record<Exclude<Balance, { policy: 'Hash' }>>(
  { policy: oneOf('RoundRobin', 'LeastRequests', 'Random'), locality },
  {},
)

const balance = union<Balance, 'policy'>('policy', {
  RoundRobin: unkeyed,
  LeastRequests: unkeyed,
  Random: unkeyed,
  Hash: record({ policy: oneOf('Hash'), on: hashKey, locality }, {}),
})

const retry: Decode<Retry> = record(
  {
    attempts: count,
    on: list(oneOf('ConnectFailure', 'Reset', 'Timeout')),
    statuses: list(count),
    backoffMs: count,
    budgetPercent: count,
    idempotencyKeys: oneOf('Never', 'SameRegion', 'AnyRegion'),
  },
  {},
)

const failover: Decode<Failover> = record(
  { panic: oneOf('Fail', 'ServeAll'), useDrained: flag },
  {},
)

const backend: Decode<Backend> = record(
  { name: text, cluster: text, region: text, weight: count, priority: count, basePath: text },
  {},
)

const rewrite: Decode<Rewrite> = record({}, { path: pathRewrite, hostname: text })

const forward: Decode<Forward> = record(
  { kind: oneOf('forward'), backends: list(backend), balance, retry, failover },
  { rewrite },
)

const action = union<Action, 'kind'>('kind', {
  forward,
  redirect: record(
    { kind: oneOf('redirect'), status: oneOf(301, 302, 303, 307, 308) },
    { scheme: oneOf('http', 'https'), hostname: text, port: count, path: pathRewrite },
  ),
  respond: record(
    { kind: oneOf('respond'), status: count, body: text, contentType: text, headers },
    {},
  ),
  invalid: record({ kind: oneOf('invalid') }, {}),
})

const cors: Decode<Cors> = record(
  {
    allowOrigins: list(text),
    allowMethods: list(text),
    allowHeaders: list(text),
    exposeHeaders: list(text),
    allowCredentials: flag,
    maxAgeSeconds: count,
  },
  {},
)

const upgrade: Decode<Upgrade> = record(
  { webSocket: yes, maxLifetimeMs: count, expiresWithToken: flag },
  {},
)

const errorPage: Decode<ErrorPage> = record(
  {
    codes: list(oneOf(...(Object.keys(failures) as FailureCode[]))),
    contentType: text,
    body: text,
  },
  { status: count },
)

export const rule: Decode<Rule> = record(
  {
    id: text,
    route: text,
    name: text,
    namespace: text,
    origin,
    action,
    authorize,
    paths: record(
      {
        encodedSlash: oneOf('Reject', 'Keep'),
        mergeSlashes: flag,
        underscores: oneOf('Drop', 'Reject', 'Keep'),
      },
      {},
    ),
    timeouts: record(
      { requestMs: count, backendRequestMs: count, connectMs: count, idleMs: count },
      {},
    ),
    limits: record({ requestBody: count, concurrency: count }, { callBody: count }),
    stripHeaders: list(text),
    requestHeaders: edits,
    responseHeaders: edits,
    errors: list(errorPage),
  },
  { cors, upgrade },
)
