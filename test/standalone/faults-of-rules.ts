import { type Fault, type Spec, wrong } from './faults.ts'
import { authorizer, issuer } from './faults-elsewhere.ts'

const rule = (path: string): string => `rules[0].${path}`
const at = (path: string) => ({ where: `spec.rules[0].${path}` })

/** Which path it is for cannot be told: whatever its hosts might get through it is held. */
const anywhere = { other: '503 rule_invalid' }

const onePath = 'must have exactly one of exact, prefix, pattern, regex'
const regex = (what: string, text: string, right: string): Fault =>
  wrong(what, rule('matches[0].path'), { regex: text }, right, at('matches[0].path.regex'))
const condition = (what: string, value: object, right: string, where: string): Fault =>
  wrong(what, rule('matches[0].headers'), [value], right, at(`matches[0].headers[0]${where}`))

const matches: readonly Fault[] = [
  wrong('no match', rule('matches'), [], 'must have at least 1 members, not 0'),
  wrong(
    'a path that is a text',
    rule('matches[0].path'),
    '/held',
    'must be an object such as { exact: … } or { prefix: … } or { pattern: … } or { regex: … }, not "/held"',
    anywhere,
  ),
  wrong('a path of no kind', rule('matches[0].path'), {}, onePath, anywhere),
  wrong(
    'a path of two kinds',
    rule('matches[0].path'),
    { exact: '/held', prefix: '/held' },
    onePath,
    anywhere,
  ),
  wrong(
    'a path without a slash',
    rule('matches[0].path.prefix'),
    'held',
    '"held" is not a canonical path; a path begins with /',
  ),
  wrong('P1 a path with dots', rule('matches[0].path.prefix'), '/x/../held', '/held'),
  wrong(
    'P7 a path with half an escape',
    rule('matches[0].path.prefix'),
    '/held%2',
    'is not a canonical path; a % must be followed by two hex digits, as in %20',
    anywhere,
  ),
  wrong(
    'P7 a path with an escaped control character',
    rule('matches[0].path.prefix'),
    '/held%00',
    'is not a canonical path; a path begins with / and holds no',
    anywhere,
  ),
  wrong(
    'P6 a path with a bare letter beyond ASCII and an escape',
    rule('matches[0].path.prefix'),
    '/held/\u00e9%20',
    'is not a canonical path; write "/held/%C3%A9%20"',
    anywhere,
  ),
  regex('C1 a regex that does not end', '/held(', 'RE2'),
  regex('C1 a back reference', '/held/(a)\\1', 'RE2'),
  regex('C1 a look ahead', '/held/(?=a)', 'RE2'),
  {
    ...regex(
      'C1 a regex of 10 KB',
      `/held/${'a'.repeat(10_000)}`,
      'must have at most 1024 characters',
    ),
    ...anywhere,
  },
  wrong(
    'a pattern that is not closed',
    rule('matches[0].path'),
    { pattern: '/held/{id' },
    '{',
    at('matches[0].path.pattern'),
  ),
  wrong(
    'a method in lower case',
    rule('matches[0].methods'),
    ['get'],
    'must be a method in upper case, not "get"',
    at('matches[0].methods[0]'),
  ),
  {
    ...condition(
      'a header with a space in its name',
      { name: 'x y', exact: 'a' },
      'must be a header name, not "x y"',
      '.name',
    ),
  },
  {
    ...condition(
      'a header without a condition',
      { name: 'x' },
      'must have exactly one of exact, prefix, regex, present',
      '',
    ),
  },
  condition('C1 a header with a broken regex', { name: 'x', regex: '[' }, 'RE2', '.regex'),
]

const member = (name: string, rest: object = {}) => ({ anyOf: [{ authorizer: { name, ...rest } }] })
const undecided = { ...at('authorize.anyOf[0]'), held: '503 authorizer_unavailable' }

const authorization: readonly Fault[] = [
  wrong(
    'no authorization',
    rule('authorize'),
    undefined,
    'authorize is required here or in spec.defaults; write public: true to admit everybody',
    { where: 'spec.rules[0]' },
  ),
  wrong('public: false', rule('authorize'), { public: false }, 'must be', at('authorize.public')),
  wrong(
    'public and not',
    rule('authorize'),
    { public: true, ...member('tokens') },
    'must have exactly one of public: true, anyOf, allOf',
  ),
  wrong(
    'nobody',
    rule('authorize'),
    { anyOf: [] },
    'must have at least 1 members, not 0',
    at('authorize.anyOf'),
  ),
  wrong(
    'C5 J24 an authorizer that does not exist',
    rule('authorize'),
    member('gone'),
    'ApiAuthorizer "shop/gone" does not exist',
    undecided,
  ),
  wrong(
    'C5 an authorizer of another namespace',
    rule('authorize'),
    member('theirs', { namespace: 'other' }),
    'ReferenceGrant',
    {
      ...undecided,
      more: [authorizer('theirs', { jwt: { issuers: [issuer()] } }, 'other')],
    },
  ),
  wrong(
    'a network of 33 bits',
    rule('authorize.sourceAddresses'),
    { allow: ['10.0.0.0/33'], deny: [] },
    '10.0.0.0/33',
    at('authorize.sourceAddresses.allow[0]'),
  ),
  wrong(
    'an address beyond',
    rule('authorize.sourceAddresses'),
    { allow: [], deny: ['300.0.0.1'] },
    '300.0.0.1',
    at('authorize.sourceAddresses.deny[0]'),
  ),
  wrong(
    'scopes that are a list',
    rule('authorize'),
    { anyOf: [{ authorizer: { name: 'tokens' }, scopes: ['a'] }] },
    'must be an object such as { anyOf: … } or { allOf: … }, not a list',
    at('authorize.anyOf[0].scopes'),
  ),
]

const edits = (
  what: string,
  side: string,
  list: string,
  value: object,
  right: string,
  where: string,
): Fault => wrong(what, rule(side), { [list]: [value] }, right, at(`${side}.${list}[0]${where}`))

const headers: readonly Fault[] = [
  edits(
    'a header name with a colon',
    'requestHeaders',
    'set',
    { name: 'x:y', value: '1' },
    'must be a header name, not "x:y"',
    '.name',
  ),
  edits(
    'U10 C8 a line break in a header',
    'requestHeaders',
    'set',
    { name: 'x', value: 'a\r\nb: c' },
    'must be visible ASCII without spaces at its ends',
    '.value',
  ),
  edits(
    'U10 a letter that becomes a line break',
    'responseHeaders',
    'add',
    { name: 'x', value: 'a\u010ab' },
    'must be visible ASCII',
    '.value',
  ),
  wrong(
    'a framing header',
    rule('requestHeaders'),
    { set: [{ name: 'content-length', value: '1' }] },
    'header "content-length" cannot be edited; the gateway alone writes it',
  ),
  wrong(
    'Via, by which loops are found',
    rule('requestHeaders'),
    { remove: ['Via'] },
    'header "via" cannot be edited; leave it out: loops are found by it',
  ),
  edits(
    'a header that is removed as an object',
    'requestHeaders',
    'remove',
    { name: 'x' },
    'must be a text, not an object',
    '',
  ),
]

/** In the place of its backends. */
const instead = (what: string, part: object, where: string, right: string): Fault => ({
  what,
  where: `spec.rules[0]${where}`,
  right,
  edit: ({ rules: [first] }: Spec) => {
    delete first.backends
    Object.assign(first, part)
  },
})

const oneAction = 'must have exactly one of backends, redirect, respond'
const answers: readonly Fault[] = [
  wrong('two actions', rule('redirect'), { status: 302 }, oneAction, { where: 'spec.rules[0]' }),
  instead('no action', {}, '', oneAction),
  instead(
    'a redirect with 200',
    { redirect: { status: 200 } },
    '.redirect.status',
    'must be one of 301',
  ),
  instead(
    'a redirect to port 0',
    { redirect: { port: 0 } },
    '.redirect.port',
    'must be at least 1, not 0',
  ),
  instead(
    'a redirect to another scheme',
    { redirect: { scheme: 'ftp' } },
    '.redirect.scheme',
    'must be one of http, https, not "ftp"',
  ),
  instead(
    'an answer with 99',
    { respond: { status: 99 } },
    '.respond.status',
    'must be at least 200, not 99',
  ),
  instead(
    'C8 a NUL in an answer',
    { respond: { status: 200, body: 'a\0b' } },
    '.respond.body',
    'must not contain NUL',
  ),
]

const policy = (what: string, path: string, value: unknown, right: string, where: string): Fault =>
  wrong(what, rule(path), value, right, at(where))

const policies: readonly Fault[] = [
  policy(
    'credentials for everybody',
    'cors',
    { allowOrigins: ['*'], allowCredentials: true },
    '*',
    'cors',
  ),
  policy(
    'an origin without a scheme',
    'cors',
    { allowOrigins: ['shop.example'] },
    '"shop.example" is not an origin; write https://shop.example',
    'cors.allowOrigins[0]',
  ),
  policy(
    'an origin with a path',
    'cors',
    { allowOrigins: ['https://shop.example/a'] },
    'is not an origin; write "https://shop.example"',
    'cors.allowOrigins[0]',
  ),
  policy('eleven tries', 'retry', { attempts: 11 }, 'must be at most 10, not 11', 'retry.attempts'),
  policy(
    'a retry on a typing error',
    'retry',
    { on: ['ConectFailure'] },
    'must be one of ConnectFailure, Reset, Timeout',
    'retry.on[0]',
  ),
  policy('a retry on success', 'retry', { on: [200] }, 'must be', 'retry.on[0]'),
  policy(
    'a budget beyond',
    'retry',
    { budget: 101 },
    'must be at most 100, not 101',
    'retry.budget',
  ),
  policy(
    'statuses by class',
    'health',
    { active: { statuses: ['2xx'] } },
    'must be a status or a range such as 200-299, not "2xx"',
    'health.active.statuses[0]',
  ),
  policy(
    'a probe without a path',
    'health',
    { active: { path: 'healthz' } },
    '"healthz" cannot be requested; write a path such as /healthz',
    'health.active.path',
  ),
  policy(
    'a probe by path and by gRPC',
    'health',
    { active: { path: '/healthz', grpc: {} } },
    'must not have both grpc and path',
    'health.active',
  ),
  policy(
    'a probe by gRPC with statuses of HTTP',
    'health',
    { active: { statuses: ['200'], grpc: { service: 'shop.Orders' } } },
    'must not have both grpc and statuses',
    'health.active',
  ),
  policy(
    'slower than the best by nothing',
    'health',
    { passive: { slowFactor: 1 } },
    'must be at least 1.5, not 1',
    'health.passive.slowFactor',
  ),
  policy(
    'a policy in another spelling',
    'balance',
    { policy: 'roundRobin' },
    'must be one of RoundRobin, LeastRequests, Random, Hash, not "roundRobin"',
    'balance.policy',
  ),
  policy(
    'a hash of nothing',
    'balance',
    { policy: 'Hash' },
    'must have hash exactly with policy Hash',
    'balance',
  ),
  policy(
    'C8 a rewrite that is a template',
    'rewrite',
    { path: { replaceFull: '/{secret}' } },
    'secret',
    'rewrite.path.replaceFull',
  ),
  policy(
    'a rewrite to two paths',
    'rewrite',
    { path: { replaceFull: '/a', replacePrefix: '/b' } },
    'must have exactly one of replacePrefix, replaceFull',
    'rewrite.path',
  ),
  policy(
    'C8 a rewrite to a host with a space',
    'rewrite',
    { hostname: 'a b' },
    '"a b" is not a hostname such as orders.internal',
    'rewrite.hostname',
  ),
  policy(
    'a page for no failure',
    'errors',
    [{ codes: ['not_found'], body: 'x' }],
    'must be one of bad_request, host_invalid,',
    'errors[0].codes[0]',
  ),
  policy(
    'a page that is a success',
    'errors',
    [{ codes: ['no_backend'], status: 200, body: 'x' }],
    'must be at least 400, not 200',
    'errors[0].status',
  ),
]

export const ruleFaults: readonly Fault[] = [
  ...matches,
  ...authorization,
  ...headers,
  ...answers,
  ...policies,
]
