import { z } from 'zod'
import { type FailureCode, failures } from '../../model/failure.ts'
import { checked, exactlyOne, notEmpty } from './checks.ts'
import { duration, headerName, headerValue, line, port, quantity, text } from './fields.ts'
import { note } from './notes.ts'
import { method } from './route-matches.ts'

const headerField = z.strictObject({
  name: headerName.meta(note('Name of the header, in any case.')),
  value: headerValue.meta(note('Its value: visible ASCII, spaces only inside.')),
})
const headerFields = z.array(headerField).max(32)

export const headerEdits = notEmpty(
  z.strictObject({
    set: headerFields
      .optional()
      .meta(note('Headers that replace others of their name.', { default: [] })),
    add: headerFields.optional().meta(note('Headers that are added.', { default: [] })),
    remove: z
      .array(headerName)
      .max(32)
      .optional()
      .meta(note('Headers that are removed, first of all.', { default: [] })),
  }),
)

const pathRewrite = checked(
  z.strictObject({
    replacePrefix: line(1024).optional().meta(note('Takes the place of the matched prefix.')),
    replaceFull: line(1024)
      .optional()
      .meta(note('Takes the place of the path; {id} of a pattern may be used.')),
  }),
  exactlyOne(['replacePrefix', 'replaceFull']),
)

const asTheRequest = { absent: 'as the request' }

export const rewrite = notEmpty(
  z.strictObject({
    path: pathRewrite.optional().meta(note('Path that the backend sees.', asTheRequest)),
    hostname: line(253).optional().meta(note('Host that the backend sees.', asTheRequest)),
  }),
)

export const redirect = z.strictObject({
  status: z
    .literal([301, 302, 303, 307, 308])
    .optional()
    .meta(note('Status of the answer.', { unit: 'HTTP status', default: 302 })),
  scheme: z
    .enum(['http', 'https'])
    .optional()
    .meta(note('Scheme that the client is sent to.', asTheRequest)),
  hostname: line(253).optional().meta(note('Host that the client is sent to.', asTheRequest)),
  port: port
    .optional()
    .meta(note('Port that the client is sent to.', { unit: 'TCP port', ...asTheRequest })),
  path: pathRewrite.optional().meta(note('Path that the client is sent to.', asTheRequest)),
})

export const respond = checked(
  z.strictObject({
    status: z
      .int()
      .min(200)
      .max(599)
      .meta(note('Status of the answer.', { unit: 'HTTP status' })),
    body: text(65_536)
      .optional()
      .meta(note('Body of the answer.', { default: '' })),
    contentType: headerValue
      .optional()
      .meta(note('Content-Type of the answer.', { default: 'text/plain; charset=utf-8' })),
    headers: headerFields.optional().meta(note('Further headers of the answer.', { default: [] })),
  }),
  {
    cel: "!has(self.body) || self.body == '' || !(self.status in [204, 304])",
    message: 'must not have a body with status 204 or 304',
  },
)

export const cors = checked(
  z.strictObject({
    allowOrigins: z
      .array(line(512))
      .min(1)
      .max(64)
      .meta(note('Origins: exact, https://*.shop.example, or *.')),
    allowMethods: z
      .array(method)
      .max(16)
      .optional()
      .meta(note('Methods for preflights.', { default: ['GET', 'HEAD', 'POST'] })),
    allowHeaders: z
      .array(headerName)
      .max(64)
      .optional()
      .meta(note('Request headers for preflights.', { default: [] })),
    exposeHeaders: z
      .array(headerName)
      .max(64)
      .optional()
      .meta(note('Answer headers that scripts may read.', { default: [] })),
    allowCredentials: z
      .boolean()
      .optional()
      .meta(
        note('Whether cookies and Authorization may be sent; not with origin *.', {
          default: false,
        }),
      ),
    maxAge: duration
      .optional()
      .meta(note('How long a browser may keep the answer to a preflight.', { default: '5s' })),
  }),
  {
    cel: "!has(self.allowCredentials) || !self.allowCredentials || !('*' in self.allowOrigins)",
    message: 'must not have allowCredentials with origin *; list the origins',
  },
)

export const limits = notEmpty(
  z.strictObject({
    requestBody: quantity.optional().meta(
      note('Longest body of a request; 0: unlimited.', {
        absent: '10Mi, and unlimited for calls of gRPC to backends that speak HTTP/2',
      }),
    ),
    concurrency: z
      .int()
      .min(0)
      .max(1_000_000)
      .optional()
      .meta(
        note('Most requests in flight, in each proxy; 0: unlimited.', {
          unit: 'requests',
          default: 0,
        }),
      ),
  }),
)

export const upgrade = z.strictObject({
  webSocket: z.boolean().meta(note('Whether clients may open WebSockets (docs/websocket.md).')),
  maxLifetime: duration.optional().meta(
    note('Longest time that a WebSocket stays open, less up to a tenth by chance; 0s: off.', {
      default: '24h',
    }),
  ),
  expiresWithToken: z
    .boolean()
    .optional()
    .meta(note("Whether a WebSocket ends when the caller's token does.", { default: true })),
})

const codes = Object.keys(failures) as [FailureCode, ...FailureCode[]]

export const errorPage = z.strictObject({
  codes: z
    .array(z.enum(codes))
    .min(1)
    .max(64)
    .meta(note("The gateway's own failures that this page is for (docs/failures.md).")),
  status: z
    .int()
    .min(400)
    .max(599)
    .optional()
    .meta(note('Status of the answer.', { unit: 'HTTP status', absent: 'that of the failure' })),
  contentType: headerValue
    .optional()
    .meta(note('Content-Type of the answer.', { default: 'text/html; charset=utf-8' })),
  body: text(65_536).meta(note('Body of the answer.')),
})
