import { z } from 'zod'
import { accessLogField } from '../../model/access-log.ts'
import { printQuantity } from '../../model/quantity.ts'
import { defaultSettings } from '../../model/settings.ts'
import { cidrs } from './cidr-field.ts'
import { duration, line, positiveDuration, quantity } from './fields.ts'
import { listeners } from './listener-settings.ts'
import { note } from './notes.ts'

const count = (most: number) => z.int().min(1).max(most)
const bytes = (least: number, most: number) =>
  quantity
    .refine(
      (value) => value >= least && value <= most,
      `must be between ${printQuantity(least)} and ${printQuantity(most)}`,
    )
    .meta({ form: 'bytes', least: printQuantity(least), most: printQuantity(most) })

const limits = z
  .strictObject({
    target: bytes(256, 65_536)
      .optional()
      .meta(note('A request target: path and query. More is 414.', { default: '8Ki' })),
    headerBytes: bytes(1024, 262_144)
      .optional()
      .meta(note('All headers of a request. More is 431.', { default: '16Ki' })),
    headerCount: count(1000)
      .optional()
      .meta(note('Headers of a request. More is 431.', { unit: 'headers', default: 100 })),
    chunkExtensions: bytes(1, 65_536)
      .optional()
      .meta(note('Chunk extensions of a request body, in all. More is 400.', { default: '1Ki' })),
    trailerBytes: bytes(1, 262_144)
      .optional()
      .meta(note('Trailers of a request; they are dropped. More is 400.', { default: '8Ki' })),
    token: bytes(256, 16_384)
      .optional()
      .meta(note('A token. More is 401.', { default: '8Ki' })),
    connections: count(1_000_000)
      .optional()
      .meta(
        note(
          'Connections of all clients, at most four fifths of the files that may be open. More are closed at once.',
          {
            unit: 'connections',
            default: 50_000,
          },
        ),
      ),
    connectionsPerClient: count(1_000_000)
      .optional()
      .meta(
        note(
          'Connections of one client address, trusted proxies excepted. More are closed at once.',
          {
            unit: 'connections',
            default: 1000,
          },
        ),
      ),
    requestsInFlight: count(1_000_000)
      .optional()
      .meta(
        note('Requests in flight. More get 503 overloaded with Retry-After.', {
          unit: 'requests',
          default: 20_000,
        }),
      ),
    memoryPercent: count(100)
      .optional()
      .meta(
        note(
          'Memory in use, of the heap limit or of the control group: from here on new requests get 503 overloaded.',
          {
            unit: 'percent',
            default: 85,
          },
        ),
      ),
    memoryShedPercent: count(100)
      .optional()
      .meta(
        note(
          'Memory in use: from here on idle connections are closed, too. Not below memoryPercent.',
          {
            unit: 'percent',
            default: 95,
          },
        ),
      ),
    verifications: count(10_000)
      .optional()
      .meta(
        note('Signatures that are checked at once. More get 503 overloaded.', {
          unit: 'checks',
          default: 64,
        }),
      ),
    badSignaturesPerClient: count(1_000_000)
      .optional()
      .meta(
        note(
          'Bad signatures of one client address in 10 s; beyond, such clients share an eighth of verifications.',
          {
            unit: 'signatures',
            default: 100,
          },
        ),
      ),
  })
  .superRefine((given, context) => {
    const { memoryPercent, memoryShedPercent } = { ...defaultSettings.limits, ...given }
    if ((memoryPercent ?? 0) > (memoryShedPercent ?? 100))
      context.addIssue({
        code: 'custom',
        path: ['memoryShedPercent'],
        message: `must not be below memoryPercent, which is ${memoryPercent}, but is ${memoryShedPercent}`,
      })
  })

const clocks = z.strictObject({
  head: positiveDuration
    .optional()
    .meta(note('From the first byte of a head to its last. Then 408.', { default: '10s' })),
  bodyIdle: positiveDuration
    .optional()
    .meta(note('Between two pieces of a request body. Then 408.', { default: '30s' })),
  writeStall: positiveDuration
    .optional()
    .meta(
      note('A client takes nothing of an answer. Then its connection is cut.', { default: '30s' }),
    ),
  connectionIdle: positiveDuration
    .optional()
    .meta(note('Between two requests of a connection. Then it is closed.', { default: '75s' })),
  halfCloseGrace: positiveDuration.optional().meta(
    note(
      'A client that has ended its side gets nothing more of its answer. Then it counts as gone.',
      {
        default: '1s',
      },
    ),
  ),
  upstreamIdle: positiveDuration.optional().meta(
    note(
      'A connection to a backend is not used. Then it is closed: shorter than what the backend allows.',
      {
        default: '4s',
      },
    ),
  ),
})

const logged = line(256).superRefine((name, context) => {
  if (accessLogField(name) === undefined)
    context.addIssue({
      code: 'custom',
      message: `must be a field of the access log such as url.path or $context.identity.sourceIp, not ${name}; docs/observability.md lists them`,
    })
})

const accessLog = z.strictObject({
  fields: z
    .record(line(64), logged)
    .optional()
    .meta(
      note(
        'The fields of a line, a name and what it says each: a field of the standard line, or $context.*.',
        {
          default: {},
          absent: 'the standard line',
        },
      ),
    ),
  query: z
    .boolean()
    .optional()
    .meta(note('Whether the query is logged, credentials cut out.', { default: false })),
  maxLine: bytes(1024, 1_048_576)
    .optional()
    .meta(note('A line. A longer one is cut and says so.', { default: '16Ki' })),
})

const guardrails = z.strictObject({
  maxRequest: positiveDuration
    .optional()
    .meta(
      note(
        'The longest timeouts.request that a rule may have. Where a rule writes none, its 30s become this when it is shorter.',
        { default: '24h' },
      ),
    ),
  allowPublic: z
    .boolean()
    .optional()
    .meta(note('Whether a rule may be public.', { default: true })),
  urlBackends: z
    .array(line(253))
    .max(256)
    .optional()
    .meta(
      note('Hosts that url backends may name, such as *.shop.example.', {
        default: [],
        absent: 'any',
      }),
    ),
  authorizers: z
    .array(line(320))
    .max(256)
    .optional()
    .meta(
      note('Authorizers that rules may use, such as platform/*.', { default: [], absent: 'any' }),
    ),
})

const metrics = z.strictObject({
  perRoute: z
    .boolean()
    .optional()
    .meta(note('Whether counters of requests have the labels route and rule.', { default: true })),
  perRouteDurations: z
    .boolean()
    .optional()
    .meta(note('Whether the histogram of durations has the label route.', { default: false })),
})

const drain = z.strictObject({
  min: duration.optional().meta(
    note(
      'After SIGTERM, not ready any more, requests are served on for so long; answers ask clients to close.',
      {
        default: '0s',
      },
    ),
  ),
  timeout: duration.optional().meta(
    note('What is in flight then has so long to finish; what is left is cut.', {
      default: '30s',
    }),
  ),
})

/** The settings file. A field is here only when it has an effect: test/settings shows the effect of each. */
export const settingsSchema = z.strictObject({
  trustedProxies: cidrs
    .optional()
    .meta(
      note('Peers whose X-Forwarded-* and x-request-id are believed, as CIDRs.', { default: [] }),
    ),
  limits: limits.optional().meta(note('Sizes and numbers.')),
  clocks: clocks
    .optional()
    .meta(note('Clocks of connections; those of rules are in docs/timeouts.md.')),
  accessLog: accessLog.optional().meta(note('What a line of the access log holds.')),
  listeners: listeners.optional().meta(note('What the ports for clients speak.')),
  hostOwnership: z
    .enum(['Namespace', 'FirstCome', 'Off'])
    .optional()
    .meta(
      note(
        'Who may serve a hostname. Namespace: whom its annotation fairlead.dev/hostnames lists; FirstCome: the first namespace that claims it; Off: everybody.',
        { default: 'FirstCome' },
      ),
    ),
  guardrails: guardrails.optional().meta(note('What no route may do.')),
  metrics: metrics.optional().meta(note('Series that may be many.')),
  drain: drain.optional().meta(note('How a gateway stops.')),
  debugHeadersFor: cidrs.optional().meta(
    note(
      'Clients that get x-fairlead-route, x-fairlead-region and x-fairlead-attempts, as CIDRs.',
      {
        default: [],
      },
    ),
  ),
  healthEndpoint: z
    .boolean()
    .optional()
    .meta(
      note(
        'Whether /.well-known/fairlead/health answers on every host: the target for DNS health checks.',
        {
          default: false,
        },
      ),
    ),
})
