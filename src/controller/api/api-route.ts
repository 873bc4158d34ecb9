import { z } from 'zod'
import { type Check, checked, exactlyOne, keyedBy, notEmpty } from './checks.ts'
import { line, objectName, partName } from './fields.ts'
import { note } from './notes.ts'
import { authorize } from './route-authorize.ts'
import { backend, balance } from './route-backends.ts'
import { matches } from './route-matches.ts'
import {
  cors,
  errorPage,
  headerEdits,
  limits,
  redirect,
  respond,
  rewrite,
  upgrade,
} from './route-policies.ts'
import { failover, health, retry, timeouts } from './route-resilience.ts'
import { routeTls } from './route-tls.ts'

const ownDefaults = { absent: 'the defaults of its fields' }

/** What a rule can take from `defaults`. */
const inherited = {
  authorize: authorize
    .optional()
    .meta(note('Who may call.', { absent: 'refused, unless `defaults` has it' })),
  balance: balance
    .optional()
    .meta(note('How a backend and its endpoints are picked.', ownDefaults)),
  timeouts: timeouts.optional().meta(note('Clocks (docs/timeouts.md).', ownDefaults)),
  retry: retry.optional().meta(note('Further tries.', ownDefaults)),
  health: health.optional().meta(note('When an endpoint counts as down.', ownDefaults)),
  failover: failover.optional().meta(note('What happens with nothing healthy.', ownDefaults)),
  rewrite: rewrite
    .optional()
    .meta(note('What the backend sees of path and host.', { absent: 'as the request' })),
  requestHeaders: headerEdits
    .optional()
    .meta(note('Edits of the headers that the backend sees.', { absent: 'none' })),
  responseHeaders: headerEdits
    .optional()
    .meta(note('Edits of the headers that the client sees.', { absent: 'none' })),
  cors: cors.optional().meta(note('Cross-origin requests.', { absent: 'left to the backend' })),
  limits: limits.optional().meta(note('Sizes and numbers.', ownDefaults)),
  upgrade: upgrade
    .optional()
    .meta(note('What a connection may become.', { absent: 'nothing but HTTP' })),
  errors: z
    .array(errorPage)
    .max(16)
    .optional()
    .meta(
      note("Pages in the place of the gateway's own failures; the first that fits.", {
        default: [],
      }),
    ),
}

const action = exactlyOne(['backends', 'redirect', 'respond'])

const forwardOnly = ['balance', 'retry', 'health', 'failover', 'rewrite', 'upgrade']

const nothingIgnored: Check<object> = {
  cel: `has(self.backends) || !(${forwardOnly.map((field) => `has(self.${field})`).join(' || ')})`,
  message: `must not have ${forwardOnly.join(', ')} without backends`,
}

export const rule = checked(
  z.strictObject({
    name: partName.meta(note('Unique in the route; the id in logs, metrics and explain.')),
    matches: matches
      .optional()
      .meta(note('Which requests: any of these.', { absent: 'every path' })),
    backends: z
      .array(backend)
      .min(1)
      .max(64)
      .optional()
      .meta({ ...note('Where requests go.'), ...keyedBy('name') }),
    redirect: redirect.optional().meta(note('Sends the client elsewhere.')),
    respond: respond.optional().meta(note('Answers by itself.')),
    ...inherited,
  }),
  action,
  nothingIgnored,
)

export const hostname = line(253)
const hostnames = z.array(hostname).min(1).max(64)

const alwaysAuthorize: Check<object> = {
  cel: '(has(self.defaults) && has(self.defaults.authorize)) || self.rules.all(rule, has(rule.authorize))',
  message: 'must have authorize in every rule or in defaults; public: true admits everybody',
}

const className = (self: string) => `(has(${self}.className) ? ${self}.className : 'fairlead')`

const sameClass: Check<object> = {
  cel: `${className('self')} == ${className('oldSelf')}`,
  message: 'className is immutable; create another object instead',
}

/** `spec` of an ApiRoute (api.md). Unknown fields are refused: one that is ignored could have closed something. */
export const routeSpec = checked(
  z.strictObject({
    className: objectName
      .optional()
      .meta(note('The installation that serves it; immutable.', { default: 'fairlead' })),
    hostnames: hostnames.meta(note('Hosts: exact, *.shop.example, or * for any host.')),
    paths: notEmpty(
      z.strictObject({
        encodedSlash: z
          .enum(['Reject', 'Keep'])
          .optional()
          .meta(note('Paths with %2F or %5C.', { default: 'Reject' })),
        mergeSlashes: z
          .boolean()
          .optional()
          .meta(note('Forward runs of slashes as one.', { default: true })),
        underscores: z
          .enum(['Drop', 'Reject', 'Keep'])
          .optional()
          .meta(note('Request headers with _ in their name.', { default: 'Drop' })),
      }),
    )
      .optional()
      .meta(note('How paths and names of headers are read.', ownDefaults)),
    tls: routeTls.optional().meta(
      note('TLS of these hosts.', {
        absent: 'served with the default certificate, and without TLS as well',
      }),
    ),
    defaults: notEmpty(z.strictObject(inherited))
      .optional()
      .meta(note('Taken by every rule that does not set the field itself.', { absent: 'none' })),
    rules: z
      .array(rule)
      .min(1)
      .max(256)
      .meta({
        ...note('What is served. Hostnames times matches may be 8192 in one object.'),
        ...keyedBy('name'),
      }),
  }),
  alwaysAuthorize,
  sameClass,
)
