import { ask, type Request } from '../client.ts'
import type { Drill } from '../drill.ts'
import type { Gateway } from '../gateway.ts'
import { backendIn, fileOf, host, type Manifest, route, servicesOf } from '../manifests.ts'
import { faults } from './faults.ts'

const count = 10

/** Rules of many kinds, whose answers are compared. */
const rules = [
  { name: 'orders', matches: [{ path: { prefix: '/orders' } }] },
  {
    name: 'held',
    matches: [{ path: { prefix: '/held' } }],
    authorize: { anyOf: [{ authorizer: { name: 'nobody' } }] },
  },
  {
    name: 'old',
    matches: [{ path: { prefix: '/old' } }],
    redirect: { status: 308, path: { replacePrefix: '/orders' } },
  },
  {
    name: 'teapot',
    matches: [{ path: { exact: '/teapot' } }],
    respond: { status: 418, body: 'short and stout' },
  },
  {
    name: 'read',
    matches: [{ path: { prefix: '/read' }, methods: ['GET'] }],
    responseHeaders: { set: [{ name: 'x-a', value: 'b' }] },
  },
]
const requests: readonly Request[] = [
  ...['/orders/1', '/held', '/old/7?a=b', '/teapot', '/read/1', '/nowhere', '/ordersx'].map(
    (path) => ({ host, path }),
  ),
  { host: 'unknown.example' },
  { host: 'any.shop.example' },
]

export const tenBroken: Drill = {
  name: 'ten-broken',
  what: `${count} broken objects are applied under load, then taken away`,
  must: 'nothing else changes, byte for byte',
  seconds: 15,
  async run(stage) {
    const { plan } = await stage.region('eu')
    const backends = [backendIn(plan)]
    const whole = rules.map((rule) =>
      'redirect' in rule || 'respond' in rule ? rule : { backends, ...rule },
    )
    const files = {
      'services.yaml': fileOf(servicesOf([plan])),
      'shop.yaml': fileOf([routeOf(whole), route('wildcard', { backends }, '*.shop.example')]),
    }
    const gateway = await stage.gateway({ files })
    const load = stage.load({ port: gateway.port })
    await stage.at(load, 3)
    const before = await pictureOf(gateway)
    faults.slice(0, count).forEach((fault) => {
      gateway.write(
        `${fault.name}.yaml`,
        fileOf([fault.manifest(`${fault.name}.bad.example`, fault.name)]),
      )
    })
    const isTold = async () => (await complaintsOf(gateway)) === count + 1
    await stage.until(load, isTold, 10)
    const told = await complaintsOf(gateway)
    await stage.at(load, load.nowMs / 1000 + 2)
    const during = await pictureOf(gateway)
    for (const { name } of faults.slice(0, count)) gateway.remove(`${name}.yaml`)
    await stage.until(load, async () => (await complaintsOf(gateway)) === 1, 15)
    const after = await pictureOf(gateway)
    const samples = await load.stop()
    return stage
      .findings(samples)
      .expect(`${told - 1} of ${count} are complained of`, told === count + 1)
      .expect(
        `${requests.length} answers the same: ${changed(before.answers, during.answers)}`,
        isSame(before.answers, during.answers),
      )
      .expect(
        `${before.hosts.length} hosts of the snapshot and every status the same`,
        isSame(before.hosts, during.hosts),
      )
      .expect(
        'and when they are gone, all as before',
        isSame(before.answers, after.answers) && isSame(before.hosts, after.hosts),
      )
  },
}

const routeOf = (rules: readonly object[]): Manifest => {
  const one = route('orders', {}) as { spec: object }
  const named = rules.map((rule) => ({ authorize: { public: true }, ...rule }))
  return { ...one, spec: { hostnames: [host], rules: named } }
}

/** Every answer with what differs from request to request taken out, and all that the gateway says of what it serves. */
async function pictureOf(gateway: Gateway) {
  const answers: string[] = []
  for (const request of requests) {
    const { head, body } = await ask(gateway.port, { ...request, headers: { 'x-nonce': 'same' } })
    answers.push(
      `${request.host}${request.path}\n${head}\n${body}`.replaceAll(
        /[0-9a-f-]{36}|date: [^\r]*/gi,
        '*',
      ),
    )
  }
  const { hosts } = await gateway.debug<{ hosts: { hostname: string }[] }>('snapshot')
  const { statuses } = await gateway.debug<{ statuses: { name: string }[] }>('status')
  const own = new Set(faults.map(({ name }) => name))
  const others = [
    ...hosts.filter(({ hostname }) => !hostname.endsWith('.bad.example')),
    ...statuses.filter(({ name }) => !own.has(name)),
  ]
  return { answers, hosts: others.map((other) => JSON.stringify(other)) }
}

async function complaintsOf(gateway: Gateway): Promise<number> {
  const { statuses } = await gateway.debug<{ statuses: { conditions: { status: string }[] }[] }>(
    'status',
  )
  return statuses.filter(({ conditions }) => conditions.some(({ status }) => status !== 'True'))
    .length
}

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

const changed = (a: readonly string[], b: readonly string[]): string => {
  const others = a.filter((text, i) => text !== b[i])
  return others.length === 0 ? 'yes' : `no, ${others.join(' ')}`
}
