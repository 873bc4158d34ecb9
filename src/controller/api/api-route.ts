import { z } from 'zod'
import { hasOne, line, objectName, partName } from './fields.ts'
import { backend, balance, failover, health, retry, timeouts } from './route-backends.ts'
import { matches } from './route-matches.ts'
import {
  authorize,
  cors,
  errorPage,
  headerEdits,
  limits,
  redirect,
  respond,
  rewrite,
} from './route-policies.ts'

/** What a rule can take from `defaults`. */
const inherited = {
  authorize: authorize.optional().describe('Who may call. Required, here or in defaults.'),
  balance: balance.optional().describe('How a backend and its endpoints are picked.'),
  timeouts: timeouts.optional().describe('Clocks.'),
  retry: retry.optional().describe('Further tries.'),
  health: health.optional().describe('When a backend counts as down.'),
  failover: failover.optional().describe('With nothing healthy.'),
  rewrite: rewrite.optional().describe('What the backend sees of path and host.'),
  requestHeaders: headerEdits.optional().describe('Edits of what the backend sees.'),
  responseHeaders: headerEdits.optional().describe('Edits of what the client sees.'),
  cors: cors.optional().describe('Cross-origin requests.'),
  limits: limits.optional().describe('Sizes and numbers.'),
  errors: z
    .array(errorPage)
    .max(16)
    .optional()
    .describe("Pages in the place of the gateway's own failures."),
}

export const rule = z
  .strictObject({
    name: partName.describe('Unique in the route; the id in logs, metrics and explain.'),
    matches: matches.optional().describe('Any of them; absent: every path.'),
    backends: z.array(backend).min(1).max(64).optional().describe('Where requests go.'),
    redirect: redirect.optional().describe('Sends the client elsewhere.'),
    respond: respond.optional().describe('Answers by itself.'),
    ...inherited,
  })
  .refine(
    hasOne('backends', 'redirect', 'respond'),
    'must have exactly one of backends, redirect, respond',
  )

export const hostname = line(253)
const hostnames = z.array(hostname).min(1).max(64)

/** `spec` of an ApiRoute (api.md). Unknown fields are refused: one that is ignored could have closed something. */
export const routeSpec = z.strictObject({
  className: objectName
    .optional()
    .describe('The installation that serves it; immutable. Default fairlead.'),
  hostnames: hostnames.describe('Hosts: exact, *.shop.example, or *.'),
  paths: z
    .strictObject({
      encodedSlash: z
        .enum(['Reject', 'Keep'])
        .optional()
        .describe('%2F and %5C in a path. Default Reject.'),
      mergeSlashes: z
        .boolean()
        .optional()
        .describe('Forward runs of slashes as one. Default true.'),
      underscores: z
        .enum(['Drop', 'Reject', 'Keep'])
        .optional()
        .describe('Request headers with _ in their name. Default Drop.'),
    })
    .optional()
    .describe('How paths and header names are read.'),
  defaults: z
    .strictObject(inherited)
    .optional()
    .describe('Taken by every rule that does not set the field itself.'),
  rules: z.array(rule).min(1).max(256).describe('What is served.'),
})
