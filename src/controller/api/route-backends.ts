import { z } from 'zod'
import { checked, exactlyOne } from './checks.ts'
import { duration, headerName, line, partName, port, reference } from './fields.ts'
import { note } from './notes.ts'
import { backendTls } from './route-tls.ts'

const service = z.strictObject({
  ...reference,
  port: port.meta(note('Port of the Service.', { unit: 'TCP port' })),
})

/** One place where the requests of a rule can go. */
export const backend = checked(
  z.strictObject({
    name: partName.meta(note('Name in logs, metrics and explain; unique in the rule.')),
    region: partName.optional().meta(note('Region that it is in.', { absent: 'none' })),
    weight: z
      .int()
      .min(0)
      .max(1_000_000)
      .optional()
      .meta(
        note('Share of the traffic within its priority; 0 is drained.', {
          unit: 'parts of the sum of weights',
          default: 1,
        }),
      ),
    priority: z
      .int()
      .min(0)
      .max(100)
      .optional()
      .meta(
        note('0 is used first; the next number when it cannot carry the load.', {
          unit: 'rank',
          default: 0,
        }),
      ),
    service: service
      .optional()
      .meta(note('A Service of the cluster; its endpoints are used directly.')),
    url: line(2048)
      .optional()
      .meta(
        note(
          'http or https, host, port and base path of anything else. TLS (SNI and the certificate) is about this host; the Host header stays that of the client, unless rewrite.hostname says another. In a cluster it names nothing of the cluster: that is what service is for.',
        ),
      ),
    tls: backendTls.optional().meta(
      note('TLS towards it, always verified.', {
        absent: 'with an https url, by the public authorities; to a Service plaintext',
      }),
    ),
    protocol: z
      .enum(['HTTP1', 'HTTP2', 'H2C'])
      .optional()
      .meta(
        note(
          'What is spoken to it: HTTP/1.1, HTTP/2 over TLS, or HTTP/2 without TLS by prior knowledge. gRPC wants one of the last two.',
          {
            absent:
              'H2C to a port of a Service whose appProtocol is kubernetes.io/h2c, h2c or grpc, else HTTP1',
          },
        ),
      ),
    maxConnections: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .meta(note('Most connections to one endpoint.', { unit: 'connections', default: 1024 })),
    maxPending: z
      .int()
      .min(0)
      .max(100_000)
      .optional()
      .meta(
        note('Most requests that wait for a connection; more get 503 overloaded.', {
          unit: 'requests',
          default: 1024,
        }),
      ),
  }),
  exactlyOne(['service', 'url']),
  {
    holds: ({ service, tls }) =>
      service === undefined || tls === undefined || tls.serverName !== undefined,
    cel: '!has(self.service) || !has(self.tls) || has(self.tls.serverName)',
    message: 'must have tls.serverName where tls is used with service',
  },
)

const hash = checked(
  z.strictObject({
    header: headerName.optional().meta(note('By the value of this header.')),
    cookie: z
      .strictObject({
        name: line(128).meta(note('Name of the cookie.')),
        ttl: duration.optional().meta(
          note('How long an issued cookie lasts; 0s: as long as the browser session.', {
            default: '0s',
          }),
        ),
        issue: z
          .boolean()
          .optional()
          .meta(note('Give the cookie to clients that have none.', { default: false })),
      })
      .optional()
      .meta(note('By the value of a cookie.')),
    sourceAddress: z.literal(true).optional().meta(note('By the address of the client.')),
  }),
  exactlyOne(['header', 'cookie', 'sourceAddress']),
)

export const balance = checked(
  z.strictObject({
    policy: z
      .enum(['RoundRobin', 'LeastRequests', 'Random', 'Hash'])
      .optional()
      .meta(note('How an endpoint is picked.', { default: 'LeastRequests' })),
    locality: z
      .enum(['Ignore', 'PreferLocal'])
      .optional()
      .meta(note("PreferLocal: the proxy's own region first.", { default: 'Ignore' })),
    hash: hash
      .optional()
      .meta(note('What Hash goes by.', { absent: 'none; required with policy Hash' })),
  }),
  {
    holds: (value) => (value.policy === 'Hash') === (value.hash !== undefined),
    cel: "(has(self.policy) && self.policy == 'Hash') == has(self.hash)",
    message: 'must have hash exactly with policy Hash',
  },
)
