import { z } from 'zod'
import { type FailureCode, failures } from '../../model/failure.ts'
import {
  duration,
  hasOne,
  headerName,
  headerValue,
  line,
  objectName,
  port,
  quantity,
  text,
} from './fields.ts'
import { method } from './route-matches.ts'
import { claims, wanted } from './tokens.ts'

const member = z.strictObject({
  authorizer: z
    .strictObject({ name: objectName, namespace: objectName.optional() })
    .describe('The ApiAuthorizer.'),
  scopes: wanted.optional().describe('Scopes that the token must have.'),
  groups: wanted.optional().describe('Groups that the token must have.'),
  claims: claims.optional().describe('Claims that the token must have.'),
})

const cidrs = z.array(z.string().min(1).max(64)).max(256)

/** Who may call. There is no default: a rule without it is not served. */
export const authorize = z
  .strictObject({
    public: z.literal(true).optional().describe('Everybody.'),
    anyOf: z.array(member).min(1).max(8).optional().describe('One of these must allow.'),
    allOf: z.array(member).min(1).max(8).optional().describe('All of these must allow.'),
    sourceAddresses: z
      .strictObject({
        allow: cidrs.optional().describe('Only these; absent or empty: all.'),
        deny: cidrs.optional().describe('Never these.'),
      })
      .optional()
      .describe('Client addresses that are admitted, as CIDRs.'),
  })
  .refine(hasOne('public', 'anyOf', 'allOf'), 'must have exactly one of public: true, anyOf, allOf')

const headerField = z.strictObject({ name: headerName, value: headerValue })

export const headerEdits = z.strictObject({
  set: z
    .array(headerField)
    .max(32)
    .optional()
    .describe('Fields that replace others of their name.'),
  add: z.array(headerField).max(32).optional().describe('Fields that are added.'),
  remove: z.array(headerName).max(32).optional().describe('Fields that are removed, first of all.'),
})

const pathRewrite = z
  .strictObject({
    replacePrefix: line(1024).optional().describe('Takes the place of the matched prefix.'),
    replaceFull: line(1024)
      .optional()
      .describe('Takes the place of the path; {id} of a pattern may be used.'),
  })
  .refine(
    hasOne('replacePrefix', 'replaceFull'),
    'must have exactly one of replacePrefix, replaceFull',
  )

export const rewrite = z.strictObject({
  path: pathRewrite.optional().describe('Path that the backend sees.'),
  hostname: line(253)
    .optional()
    .describe('Host that the backend sees. Default: what the client sent.'),
})

export const redirect = z.strictObject({
  status: z
    .union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)])
    .optional()
    .describe('Default 302.'),
  scheme: z.enum(['http', 'https']).optional().describe('Default: as the request.'),
  hostname: line(253).optional().describe('Default: as the request.'),
  port: port.optional().describe('Default: as the request.'),
  path: pathRewrite.optional().describe('Default: as the request.'),
})

export const respond = z.strictObject({
  status: z.int().min(200).max(599).describe('Status of the answer.'),
  body: text(65_536).optional().describe('Body. Default: none.'),
  contentType: headerValue.optional().describe('Default text/plain.'),
  headers: z.array(headerField).max(32).optional().describe('Further fields.'),
})

const origin = line(512)

export const cors = z.strictObject({
  allowOrigins: z
    .array(origin)
    .min(1)
    .max(64)
    .describe('Origins: exact, https://*.shop.example, or *.'),
  allowMethods: z
    .array(method)
    .max(16)
    .optional()
    .describe('Methods for preflights. Default GET, HEAD, POST.'),
  allowHeaders: z.array(headerName).max(64).optional().describe('Request headers for preflights.'),
  exposeHeaders: z
    .array(headerName)
    .max(64)
    .optional()
    .describe('Answer headers that scripts may read.'),
  allowCredentials: z
    .boolean()
    .optional()
    .describe('Cookies and authorization; not with *. Default false.'),
  maxAge: duration.optional().describe('How long a browser may keep a preflight. Default 5s.'),
})

export const limits = z.strictObject({
  requestBody: quantity
    .optional()
    .describe('Bytes of a request body; 0 = unlimited. Default 10Mi.'),
  concurrency: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('Requests in flight of one proxy; 0 = unlimited. Default 0.'),
})

const codes = Object.keys(failures) as [FailureCode, ...FailureCode[]]

export const errorPage = z.strictObject({
  codes: z
    .array(z.enum(codes))
    .min(1)
    .max(64)
    .describe("The gateway's own failures that this page is for."),
  status: z.int().min(400).max(599).optional().describe('Default: that of the failure.'),
  contentType: headerValue.optional().describe('Default text/html; charset=utf-8.'),
  body: text(65_536).describe('Body of the answer.'),
})
