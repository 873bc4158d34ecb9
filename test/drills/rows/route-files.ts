import type { Gateway } from '../gateway.ts'
import { backendIn, fileOf, host, servicesOf } from '../manifests.ts'
import type { Region } from '../region.ts'
import type { Stage } from '../stage.ts'

export type Form = 'yaml' | 'json'
export type Regions = readonly [Region, Region]

/** One route in a thousand hosts is at the host of the drills; the rest is spread over the others. */
const hosts = 1000

/** The file of a route, as people write it in YAML, as a program does in JSON. */
export function routeText(regions: Regions, n: number, form: Form, version = 0): string {
  const hostname = version > 0 || n === 7 ? host : `api-${n % hosts}.shop.example`
  const [eu, us] = regions.map(({ plan }, i) => backendIn(plan, { weight: [90, 10][i] }))
  const set = [{ name: 'x-version', value: String(version) }]
  if (form === 'yaml') return yamlText(n, hostname, version)
  return JSON.stringify({
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'ApiRoute',
    metadata: { name: `route-${n}`, namespace: 'shop' },
    spec: {
      hostnames: [hostname],
      rules: [
        {
          name: 'all',
          authorize: { public: true },
          matches: [{ path: { prefix: `/service-${n}` } }],
          ...(version > 0 && { requestHeaders: { set } }),
          backends: [eu, us],
        },
      ],
    },
  })
}

const yamlText = (
  n: number,
  hostname: string,
  version: number,
): string => `apiVersion: fairlead.dev/v1alpha1
kind: ApiRoute
metadata: { name: route-${n}, namespace: shop }
spec:
  hostnames: [${hostname}]
  rules:
    - name: all
      authorize: { public: true }
      matches: [{ path: { prefix: /service-${n} } }]
${version > 0 ? `      requestHeaders: { set: [{ name: x-version, value: "${version}" }] }\n` : ''}      backends:
        - { name: eu, region: eu, weight: 90, service: { name: orders-eu, port: 80 } }
        - { name: us, region: us, weight: 10, service: { name: orders-us, port: 80 } }
`

/** A gateway with so many routes, a file each; with one it is the seventh. */
export function startWith(
  stage: Stage,
  regions: Regions,
  routes: number,
  form: Form,
  flags: readonly string[] = [],
): Promise<Gateway> {
  const numbers = routes === 1 ? [7] : Array.from({ length: routes }, (_, n) => n)
  const texts = numbers.map((n) => [`route-${n}.${form}`, routeText(regions, n, form)])
  const services = fileOf(servicesOf(regions.map(({ plan }) => plan)))
  return stage.gateway({
    files: { 'services.yaml': services, ...Object.fromEntries(texts) },
    flags,
  })
}
