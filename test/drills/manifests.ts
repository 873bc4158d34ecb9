import type { RegionPlan } from './backend.ts'

export type Manifest = Record<string, unknown>

const namespace = 'shop'
export const host = 'api.shop.example'

/** A Service and where its endpoints are, as Kubernetes would say it. */
function service(name: string, addresses: readonly string[], port: number): readonly Manifest[] {
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({
      addresses: [address],
      conditions: { ready: true },
    })),
  }
  const spec = { ports: [{ name: 'http', port: 80 }] }
  return [{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec }, slice]
}

export const servicesOf = (plans: readonly RegionPlan[]): readonly Manifest[] =>
  plans.flatMap(({ region, addresses, port }) => service(`orders-${region}`, addresses, port))

/** A backend of `route` in a region of the drill. */
export const backendIn = ({ region }: { readonly region: string }, more: object = {}) => ({
  name: region,
  region,
  service: { name: `orders-${region}`, port: 80 },
  ...more,
})

/** A route with one rule for all paths of the drill's host, everything else at its default. */
export const route = (name: string, rule: object, hostname = host): Manifest => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiRoute',
  metadata: { name, namespace },
  spec: { hostnames: [hostname], rules: [{ name: 'all', authorize: { public: true }, ...rule }] },
})

/** One file of a manifest folder: JSON is YAML, too. */
export const fileOf = (items: readonly Manifest[]): string =>
  `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, undefined, 1)}\n`
