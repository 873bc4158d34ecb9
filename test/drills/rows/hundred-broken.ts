import { ask } from '../client.ts'
import type { Drill, Findings } from '../drill.ts'
import type { Gateway } from '../gateway.ts'
import { backendIn, fileOf, type Manifest, route, servicesOf } from '../manifests.ts'
import { type Fault, faults } from './faults.ts'

const copies = 5
const goods = Array.from({ length: copies * faults.length }, (_, i) => `good-${i}`)
const broken = faults.flatMap((fault) =>
  Array.from({ length: copies }, (_, i) => ({ fault, name: `${fault.name}-${i}` })),
)
const hostOf = (name: string): string => `${name}.shop.example`

const customers: Manifest = {
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiAuthorizer',
  metadata: { name: 'customers', namespace: 'shop' },
  spec: {
    jwt: {
      issuers: [
        {
          issuer: 'https://login.shop.example/',
          audiences: ['shop'],
          jwks: { inline: '{"keys":[]}' },
        },
      ],
    },
  },
}

export const hundredBroken: Drill = {
  name: 'hundred-broken',
  what: `a folder with ${broken.length} broken objects (${faults.length} faults) and a file that is no YAML among ${goods.length} good ones, under a wildcard that would take whatever falls through`,
  must: 'all good ones serve, the broken hold their places (503), every status says where, what, and what would be right',
  seconds: 5,
  async run(stage) {
    const { plan } = await stage.region('eu')
    const rule = { backends: [backendIn(plan)] }
    const files = Object.fromEntries([
      ...goods.map((name) => [`${name}.yaml`, fileOf([route(name, rule, hostOf(name))])]),
      ...broken.map(({ fault, name }) => [
        `${name}.yaml`,
        fileOf([fault.manifest(hostOf(name), name)]),
      ]),
      ['services.yaml', fileOf([...servicesOf([plan]), customers])],
      ['wildcard.yaml', fileOf([route('wildcard', rule, '*.shop.example')])],
      ['cut.yaml', 'kind: ApiRoute\nspec: { hostnames: [a\n'],
    ])
    const gateway = await stage.gateway({ files })
    const found = stage.quiet()
    const wrong = await wrongAnswers(gateway)
    found.expect(
      `${goods.length - wrong.good.length} of ${goods.length} good routes serve`,
      wrong.good.length === 0,
    )
    found.expect(
      `${broken.length - wrong.broken.length} of ${broken.length} broken ones hold their places${wrong.broken
        .slice(0, 3)
        .map((name) => `; not ${name}`)
        .join('')}`,
      wrong.broken.length === 0,
    )
    return judgeStatuses(gateway, found)
  },
}

async function wrongAnswers(gateway: Gateway) {
  const statusOf = async (name: string, path?: string) => {
    const { status, body } = await ask(gateway.port, {
      host: hostOf(name),
      ...(path !== undefined && { path }),
      headers: { 'x-nonce': name },
    })
    return status === 200 && !body.includes(`"nonce":"${name}"`) ? 0 : status
  }
  const wrong = { good: [] as string[], broken: [] as string[] }
  for (const name of goods) if ((await statusOf(name)) !== 200) wrong.good.push(name)
  for (const { fault, name } of broken) {
    const wanted = fault.isPlaceless === true ? 200 : 503
    if ((await statusOf(name, fault.path)) !== wanted) wrong.broken.push(name)
  }
  return wrong
}

interface Status {
  readonly name: string
  readonly conditions: readonly { readonly status: string; readonly message: string }[]
}

async function judgeStatuses(gateway: Gateway, found: Findings): Promise<Findings> {
  const { statuses, problems } = await gateway.debug<{
    statuses: readonly Status[]
    problems: readonly { file: string; line: number; column: number }[]
  }>('status')
  const byName = new Map(statuses.map((status) => [status.name, status]))
  const mute = broken.filter(({ fault, name }) => !tells(byName.get(name), fault))
  const complaints = goods.filter(
    (name) => !byName.get(name)?.conditions.every(({ status }) => status === 'True'),
  )
  const cut = problems.find(({ file }) => file === 'cut.yaml')
  return found
    .expect(
      `${broken.length - mute.length} statuses say where, what and what would be right${mute
        .slice(0, 3)
        .map(({ name }) => `; not ${name}: ${messageOf(byName.get(name))}`)
        .join('')}`,
      mute.length === 0,
    )
    .expect(`${complaints.length} good ones are complained of`, complaints.length === 0)
    .expect(
      `the file that is no YAML is told as ${cut?.file}:${cut?.line}:${cut?.column}`,
      (cut?.line ?? 0) > 0,
    )
}

const messageOf = (status: Status | undefined): string =>
  status?.conditions.map(({ message }) => message).join(' ') ?? ''

const tells = (status: Status | undefined, { says }: Fault): boolean =>
  says.every((text) => messageOf(status).includes(text))
