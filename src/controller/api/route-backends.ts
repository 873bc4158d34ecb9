import { z } from 'zod'
import {
  duration,
  hasOne,
  headerName,
  line,
  partName,
  port,
  positiveDuration,
  reference,
} from './fields.ts'

const service = z.strictObject({ ...reference, port: port.describe('Port of the Service.') })

/** One place where the requests of a rule can go. */
export const backend = z
  .strictObject({
    name: partName.describe('Name in logs, metrics and explain; unique in the rule.'),
    region: partName.optional().describe('Region it is in. Default: none.'),
    weight: z
      .int()
      .min(0)
      .max(1_000_000)
      .optional()
      .describe('Share of the traffic within its priority; 0 is drained. Default 1.'),
    priority: z
      .int()
      .min(0)
      .max(100)
      .optional()
      .describe('0 is used first; the next number when it cannot carry the load. Default 0.'),
    service: service
      .optional()
      .describe('A Service of the cluster; its endpoints are used directly.'),
    url: line(2048)
      .optional()
      .describe('http or https, host, port and base path of anything else.'),
    maxConnections: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('Connections to one endpoint. Default 1024.'),
    maxPending: z
      .int()
      .min(0)
      .max(100_000)
      .optional()
      .describe('Requests that wait for a connection; more get 503 overloaded. Default 1024.'),
  })
  .refine(hasOne('service', 'url'), 'must have exactly one of service, url')

const hash = z
  .strictObject({
    header: headerName.optional().describe('By the value of this header.'),
    cookie: z
      .strictObject({
        name: line(128).describe('Name of the cookie.'),
        ttl: duration
          .optional()
          .describe(
            'How long an issued cookie lasts. 0s: as long as the browser session. Default 0s.',
          ),
        issue: z
          .boolean()
          .optional()
          .describe('Give the cookie to clients that have none. Default false.'),
      })
      .optional()
      .describe('By the value of a cookie.'),
    sourceAddress: z.literal(true).optional().describe('By the address of the client.'),
  })
  .refine(
    hasOne('header', 'cookie', 'sourceAddress'),
    'must have exactly one of header, cookie, sourceAddress',
  )

export const balance = z
  .strictObject({
    policy: z
      .enum(['RoundRobin', 'LeastRequests', 'Random', 'Hash'])
      .optional()
      .describe('How an endpoint is picked. Default LeastRequests.'),
    locality: z
      .enum(['Ignore', 'PreferLocal'])
      .optional()
      .describe("PreferLocal: the proxy's own region first. Default Ignore."),
    hash: hash.optional().describe('What Hash goes by.'),
  })
  .refine(
    (value) => (value.policy === 'Hash') === (value.hash !== undefined),
    'must have hash exactly with policy Hash',
  )

export const timeouts = z.strictObject({
  request: duration
    .optional()
    .describe('The whole exchange, retries included. 0s: off. Default 30s.'),
  backendRequest: duration
    .optional()
    .describe('One attempt until the head of its answer. 0s: off. Default: request.'),
  connect: positiveDuration.optional().describe('Connecting to a backend. Default 1s.'),
  idle: duration.optional().describe('Between two parts of an answer. 0s: off. Default 60s.'),
})

export const retry = z.strictObject({
  attempts: z.int().min(0).max(10).optional().describe('Further tries. Default 1.'),
  on: z
    .array(z.union([z.enum(['ConnectFailure', 'Reset', 'Timeout']), z.int().min(400).max(599)]))
    .max(32)
    .optional()
    .describe(
      'What is tried again: ConnectFailure, Reset, Timeout or a status. Default ConnectFailure and Reset.',
    ),
  backoff: duration
    .optional()
    .describe('Longest wait before the first further try; doubled for each more. Default 25ms.'),
  budget: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe(
      'Percent of the requests, in flight or of the last ten seconds, that may be retries; three in flight always may. Default 20.',
    ),
  idempotencyKeys: z
    .enum(['Never', 'SameRegion', 'AnyRegion'])
    .optional()
    .describe('Whether Idempotency-Key makes a request repeatable. Default Never.'),
})

const active = z.strictObject({
  path: line(1024).optional().describe('Path of the probe. Default /.'),
  interval: positiveDuration
    .optional()
    .describe('Between probes of a healthy endpoint. Default 5s.'),
  unhealthyInterval: positiveDuration
    .optional()
    .describe('Between probes of one that is not. Default 1s.'),
  timeout: positiveDuration.optional().describe('Of one probe. Default 1s.'),
  healthy: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('Good probes in a row until it is healthy. Default 2.'),
  unhealthy: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('Bad probes in a row until it is not. Default 2.'),
  statuses: z
    .array(
      z
        .string()
        .max(7)
        .regex(/^[1-5][0-9]{2}(-[1-5][0-9]{2})?$/, 'must be a status or a range such as 200-299'),
    )
    .min(1)
    .max(16)
    .optional()
    .describe('Statuses of a good probe. Default 200-299.'),
})

const passive = z.strictObject({
  consecutiveFailures: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('Failures in a row that eject an endpoint. Default 3.'),
  failurePercent: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('Percent of failures in the window that eject it. Default 30.'),
  minRequests: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe('Requests in the window below which failurePercent does not count. Default 20.'),
  window: positiveDuration.optional().describe('Default 10s.'),
  slowFactor: z
    .number()
    .min(1.5)
    .max(1000)
    .optional()
    .describe(
      'Ejected when its median time to first byte is this many times that of the best. Default 5.',
    ),
  ejectFor: positiveDuration
    .optional()
    .describe('First ejection; each more within five minutes is three times as long. Default 10s.'),
  maxEjected: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe("Percent of a backend's endpoints that may be ejected. Default 100."),
})

export const health = z.strictObject({
  active: active.optional().describe('HTTP probes. Default: none.'),
  passive: passive.optional().describe('What the traffic itself shows.'),
  slowStart: duration
    .optional()
    .describe(
      'Time in which a recovered endpoint ramps from a tenth to all of its share. 0s: off. Default 10s.',
    ),
})

export const failover = z.strictObject({
  panic: z
    .enum(['Fail', 'ServeAll'])
    .optional()
    .describe(
      'With nothing healthy: Fail answers 503 at once, ServeAll tries everything. Default Fail with probes, else ServeAll.',
    ),
  useDrained: z
    .boolean()
    .optional()
    .describe('Use backends of weight 0 when nothing else is left. Default false.'),
})
