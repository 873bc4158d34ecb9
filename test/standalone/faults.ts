/** What is done to a good object, and what its owner is told. */
export interface Fault {
  /** The catalogue's row in hostile-inputs.md where there is one, and the fault. */
  readonly what: string
  /** Where in the object, as the status says it. */
  readonly where: string
  /** A part of the message: what the value is, and what would be right. */
  readonly right: string
  /** Changes the spec of a route. */
  readonly edit: (spec: Spec) => void
  /** More objects that the fault needs. */
  readonly more?: readonly object[]
  /** What a request to the broken rule gets. Default `503 rule_invalid`: the rule holds its place. */
  readonly held?: string
  /** What a request to the other rule of the object gets. Default `200 hello`: a fault costs its rule. */
  readonly other?: string
}

// biome-ignore lint/suspicious/noExplicitAny: rows break what a type would protect.
export type Spec = any

type More = Partial<Pick<Fault, 'where' | 'more' | 'held' | 'other'>>

/** A value that cannot be at a path of the spec; `at` is where the status says it is, when that is deeper. */
export function wrong(
  what: string,
  path: string,
  value: unknown,
  right: string,
  more: More = {},
): Fault {
  const edit = (spec: Spec) => put(spec, path, value)
  return { what, where: `spec.${path}`, right, edit, ...more }
}

function put(spec: Spec, path: string, value: unknown): void {
  const parts = path.split(/[.[\]]+/).filter(Boolean)
  const last = parts.pop() as string
  const target = parts.reduce((at, part) => (at[part] ??= {}), spec)
  if (value === undefined) delete target[last]
  else Object.defineProperty(target, last, { value, enumerable: true, configurable: true })
}

const rule = (path: string): string => `rules[0].${path}`
const at = (path: string): More => ({ where: `spec.rules[0].${path}` })

const duration = 'must be a duration such as 250ms, 30s or 1h30m'
const quantity = 'must be a quantity such as 64Ki or 10Mi'
const oneBackend = 'must have exactly one of service, url'

const clocks: readonly Fault[] = [
  wrong('C11 timeouts that are a number', rule('timeouts'), 7, 'must be an object, not 7'),
  wrong('C9 a number of seconds', rule('timeouts.request'), 30, `${duration}, not 30`),
  wrong('C9 a text of seconds', rule('timeouts.request'), '30', `${duration}, not "30"`),
  wrong('C9 a negative duration', rule('timeouts.idle'), '-1s', `${duration}, not "-1s"`),
  wrong('C9 a fraction', rule('timeouts.request'), '1.5s', `${duration}, not "1.5s"`),
  wrong('C9 more than a day', rule('timeouts.request'), '25h', 'must be at most 24h, not 25h'),
  wrong('C9 0s where nothing can be off', rule('timeouts.connect'), '0s', 'must be more than 0s'),
  wrong('C11 null', rule('timeouts.request'), null, `${duration}, not null`),
  wrong('C9 2^31 ms', rule('timeouts.request'), '2147483648ms', `${duration}, not "2147483648ms"`),
  wrong(
    'a wait without a number',
    rule('retry'),
    { backoff: 'soon' },
    `${duration}, not "soon"`,
    at('retry.backoff'),
  ),
]

const sizes: readonly Fault[] = [
  wrong('MB', rule('limits.requestBody'), '10MB', `${quantity}, not "10MB"`),
  wrong('a negative size', rule('limits.requestBody'), -1, 'must be at least 0, not -1'),
  wrong('half a byte', rule('limits.requestBody'), 1.5, `${quantity}, not 1.5`),
  wrong('a space', rule('limits.requestBody'), '10 Mi', `${quantity}, not "10 Mi"`),
  wrong('a negative number', rule('limits.concurrency'), -1, 'must be at least 0, not -1'),
  wrong('a number in quotes', rule('limits.concurrency'), '5', 'must be a number, not "5"'),
]

const backends: readonly Fault[] = [
  wrong('C9 a negative weight', rule('backends[0].weight'), -1, 'must be at least 0, not -1'),
  wrong(
    'C9 a huge weight',
    rule('backends[0].weight'),
    2 ** 31,
    'must be at most 1000000, not 2147483648',
  ),
  wrong('C9 NaN', rule('backends[0].weight'), Number.NaN, 'must be a number, not NaN'),
  wrong('C9 half a weight', rule('backends[0].weight'), 0.5, 'must be a whole number, not 0.5'),
  wrong('a weight in quotes', rule('backends[0].weight'), '1', 'must be a number, not "1"'),
  wrong('a priority beyond', rule('backends[0].priority'), 101, 'must be at most 100, not 101'),
  wrong('no connection at all', rule('backends[0].maxConnections'), 0, 'must be at least 1, not 0'),
  wrong(
    'a region with a space',
    rule('backends[0].region'),
    'eu west',
    'must be a name of letters, digits, -, _ and ., not "eu west"',
  ),
  wrong('no backend', rule('backends'), [], 'must have at least 1 members, not 0'),
  wrong(
    'a backend that is nowhere',
    rule('backends[0].url'),
    undefined,
    oneBackend,
    at('backends[0]'),
  ),
  wrong(
    'a backend at two places',
    rule('backends[0].service'),
    { name: 'orders', port: 80 },
    oneBackend,
    at('backends[0]'),
  ),
  wrong('a backend without a name', rule('backends[0].name'), undefined, 'is required (a text)'),
  {
    what: 'two backends of one name',
    where: 'spec.rules[0].backends[1].name',
    right: '"b"',
    edit: ({ rules: [first] }) => void first.backends.push({ ...first.backends[0] }),
  },
]

const url = (what: string, value: string, right: string): Fault =>
  wrong(what, rule('backends[0].url'), value, right)

const special = 'link-local'
const noMore = 'scheme, host, port and base path; no user, query or fragment'
const urls: readonly Fault[] = [
  url('C7 another scheme', 'ftp://files.example/', 'http'),
  url('C7 a password', 'http://me:secret@a.example/', noMore),
  url('C7 the metadata service', 'http://169.254.169.254/', special),
  url('C7 the metadata service as a number', 'http://2852039166/', special),
  url('C7 the metadata service in octal', 'http://0251.0376.0251.0376/', special),
  url('C7 the metadata service as IPv6', 'http://[::ffff:169.254.169.254]/', special),
  url('C7 every address', 'http://0.0.0.0/', special),
  url('no URL', 'a.example', '"a.example" is not a URL; write https://host'),
  url('a port beyond', 'http://a.example:99999/', 'is not a URL; write https://host'),
  url('a query', 'http://a.example/?a=1', noMore),
  url('a fragment', 'http://a.example/#a', noMore),
]

export const service = (name: string, spec: object, namespace = 'shop') => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec,
})

/** A backend that is this Service. */
const via = (what: string, ref: object, right: string, more: More = {}): Fault =>
  wrong(what, rule('backends'), [{ name: 'b', service: ref }], right, {
    ...at('backends[0]'),
    ...more,
  })

const refused = (path: string): More => at(`backends[0].service.${path}`)

const services: readonly Fault[] = [
  via(
    'a Service that does not exist',
    { name: 'gone', port: 80 },
    'Service "shop/gone" does not exist',
  ),
  via(
    'a port that does not exist',
    { name: 'orders', port: 8080 },
    'Service "shop/orders" has no port 8080; it has 80',
  ),
  via(
    'C5 a Service of another namespace',
    { name: 'theirs', namespace: 'other', port: 80 },
    'ReferenceGrant',
    {
      more: [service('theirs', { ports: [{ port: 80 }] }, 'other')],
    },
  ),
  via('C6 an ExternalName', { name: 'outside', port: 80 }, 'ExternalName', {
    more: [
      service('outside', {
        type: 'ExternalName',
        externalName: 'a.example',
        ports: [{ port: 80 }],
      }),
    ],
  }),
  via('a Service that speaks something else', { name: 'mail', port: 25 }, 'appProtocol', {
    more: [service('mail', { ports: [{ port: 25, appProtocol: 'tcp' }] })],
  }),
  via(
    'a name in upper case',
    { name: 'Orders', port: 80 },
    'must be a lower-case name of letters, digits, - and ., not "Orders"',
    refused('name'),
  ),
  via('port 0', { name: 'orders', port: 0 }, 'must be at least 1, not 0', refused('port')),
  via(
    'a port by name',
    { name: 'orders', port: 'http' },
    'must be a number, not "http"',
    refused('port'),
  ),
]

export const forwardingFaults: readonly Fault[] = [
  ...clocks,
  ...sizes,
  ...backends,
  ...urls,
  ...services,
]
