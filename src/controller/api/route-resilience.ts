import { z } from 'zod'
import { checked, notBoth, notEmpty } from './checks.ts'
import { duration, line, positiveDuration } from './fields.ts'
import { note } from './notes.ts'

export const timeouts = notEmpty(
  z.strictObject({
    request: duration
      .optional()
      .meta(
        note('The whole exchange with the client, retries included; 0s: off.', { default: '30s' }),
      ),
    backendRequest: duration
      .optional()
      .meta(
        note('One attempt, until the head of its answer; 0s: off.', { absent: 'as `request`' }),
      ),
    connect: positiveDuration.optional().meta(note('Connecting to a backend.', { default: '1s' })),
    idle: duration.optional().meta(
      note('Between two parts of the body of an answer, once its head is there; 0s: off.', {
        default: '60s',
      }),
    ),
  }),
)

const reasons = z
  .array(z.union([z.enum(['ConnectFailure', 'Reset', 'Timeout']), z.int().min(400).max(599)]))
  .max(32)
  .optional()

const retryFields = z.strictObject({
  attempts: z
    .int()
    .min(0)
    .max(10)
    .optional()
    .meta(
      note(
        'Further tries after the first; 0: off. What a backend had not touched is sent once more beside them.',
        { unit: 'tries', default: 1 },
      ),
    ),
  on: reasons.meta(
    note('What is tried again: ConnectFailure, Reset, Timeout, or a status from 400 to 599.', {
      default: ['ConnectFailure', 'Reset'],
    }),
  ),
  // kubectl and others read YAML 1.1, where `on` without quotes is a boolean.
  true: reasons.meta(
    note('The same as `on`: what kubectl makes of `on` without quotes.', { absent: '`on` counts' }),
  ),
  backoff: duration.optional().meta(
    note('Longest wait before the first further try, doubled for each more; 0s: off.', {
      default: '25ms',
    }),
  ),
  budget: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .meta(
      note(
        'How many of the requests, in flight or of the last ten seconds, may be retries; three in flight always may.',
        { unit: 'percent', default: 20 },
      ),
    ),
  idempotencyKeys: z
    .enum(['Never', 'SameRegion', 'AnyRegion'])
    .optional()
    .meta(
      note('Where a request with an Idempotency-Key may be repeated, whatever its method.', {
        default: 'Never',
      }),
    ),
})

export const retry = notEmpty(checked(retryFields, notBoth('on', 'true'))).transform(
  ({ true: same, ...rest }) => (same === undefined ? rest : { ...rest, on: same }),
)

const probes = z.int().min(1).max(100).optional()

const activeFields = z.strictObject({
  path: line(1024)
    .optional()
    .meta(note('Path of the probe.', { default: '/' })),
  grpc: z
    .strictObject({
      service: line(256)
        .optional()
        .meta(
          note('Service whose health is asked for.', { absent: 'the health of the whole server' }),
        ),
    })
    .optional()
    .meta(
      note('Asks grpc.health.v1.Health instead of a path; for backends that speak HTTP/2.', {
        absent: 'a path is asked for',
      }),
    ),
  interval: positiveDuration
    .optional()
    .meta(note('Between probes of a healthy endpoint.', { default: '5s' })),
  unhealthyInterval: positiveDuration
    .optional()
    .meta(note('Between probes of one that is not.', { default: '1s' })),
  timeout: positiveDuration.optional().meta(note('Of one probe.', { default: '1s' })),
  healthy: probes.meta(
    note('Good probes in a row until it is healthy.', { unit: 'probes', default: 2 }),
  ),
  unhealthy: probes.meta(
    note('Bad probes in a row until it is not.', { unit: 'probes', default: 2 }),
  ),
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
    .meta(note('Statuses of a good probe, or ranges of them.', { default: ['200-299'] })),
})

const active = checked(activeFields, notBoth('grpc', 'path'), notBoth('grpc', 'statuses'))

const passive = notEmpty(
  z.strictObject({
    consecutiveFailures: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .meta(note('Failures in a row that eject an endpoint.', { unit: 'requests', default: 3 })),
    failurePercent: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .meta(note('Failures in the window that eject it.', { unit: 'percent', default: 30 })),
    minRequests: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .meta(
        note('Requests in the window below which failurePercent does not count.', {
          unit: 'requests',
          default: 20,
        }),
      ),
    window: positiveDuration
      .optional()
      .meta(note('How far back failurePercent and slowFactor look.', { default: '10s' })),
    slowFactor: z
      .number()
      .min(1.5)
      .max(1000)
      .optional()
      .meta(
        note('Ejected when its median time to first byte is this many times that of the best.', {
          unit: 'times',
          default: 5,
        }),
      ),
    ejectFor: positiveDuration.optional().meta(
      note('First ejection; each more within five minutes is three times as long.', {
        default: '10s',
      }),
    ),
    maxEjected: z
      .int()
      .min(0)
      .max(100)
      .optional()
      .meta(
        note("How many of a backend's endpoints may be ejected; 0: off.", {
          unit: 'percent',
          default: 100,
        }),
      ),
  }),
)

export const health = notEmpty(
  z.strictObject({
    active: active.optional().meta(note('Probes.', { absent: 'none are sent' })),
    passive: passive
      .optional()
      .meta(
        note('What the traffic itself shows.', { absent: 'on, with the defaults of its fields' }),
      ),
    slowStart: duration
      .optional()
      .meta(
        note(
          'Time in which a recovered endpoint ramps from a tenth to all of its share; 0s: off.',
          { default: '10s' },
        ),
      ),
  }),
)

export const failover = notEmpty(
  z.strictObject({
    panic: z
      .enum(['Fail', 'ServeAll'])
      .optional()
      .meta(
        note('With nothing healthy, Fail answers 503 at once and ServeAll tries everything.', {
          absent: 'Fail with active probes, else ServeAll',
        }),
      ),
    useDrained: z
      .boolean()
      .optional()
      .meta(note('Use backends of weight 0 when nothing else is left.', { default: false })),
  }),
)
