import { type CompileOptions, createCompiler } from '../../src/controller/compile/compile.ts'
import { defaultSettings } from '../../src/model/settings.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { worldOf } from '../golden/case.ts'
import { type Certificate, selfSigned } from '../harness/certificate.ts'
import { issuerOf, type Manifest, type Places, pool, variants } from './rich.ts'

const api = 'fairlead.dev/v1alpha1'

const service = (namespace: string, name: string, port: number): readonly Manifest[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: { ports: [{ name: 'http', port: 80 }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port }],
    endpoints: [{ addresses: ['127.0.0.1'] }],
  },
]

const grant = (namespace: string, from: Manifest, ...kinds: string[]): Manifest => ({
  apiVersion: 'gateway.networking.k8s.io/v1beta1',
  kind: 'ReferenceGrant',
  metadata: { namespace, name: `for-${String(from['namespace'])}` },
  spec: {
    from: [{ group: 'fairlead.dev', ...from }],
    to: kinds.map((kind) => ({ group: kind === 'ApiAuthorizer' ? 'fairlead.dev' : '', kind })),
  },
})

const stored = (kind: string, namespace: string, data: object): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { namespace, name: 'keys' },
  [kind === 'Secret' ? 'stringData' : 'data']: data,
})

const own = selfSigned('v0.shop.example', 'v1.shop.example', 'v2.shop.example')
const other = selfSigned('v0.shop.example', 'v1.shop.example', 'v2.shop.example')

/** Under the same names in both namespaces, and never the same. */
const certificates = (namespace: string, { cert, key }: Certificate): readonly Manifest[] => [
  {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { namespace, name: 'tls' },
    stringData: { 'tls.crt': cert, 'tls.key': key },
  },
  ...['Secret', 'ConfigMap'].map((kind) => ({
    apiVersion: 'v1',
    kind,
    metadata: { namespace, name: 'authorities' },
    [kind === 'Secret' ? 'stringData' : 'data']: {
      'bundle.pem': kind === 'Secret' ? cert : other.cert + own.cert,
      'ca.crt': other.cert,
    },
  })),
]

/** An authorizer of the route's own namespace that has the name of the one that is meant, and is easy to please. */
const decoyAuthorizer = (places: Places, variant: number): Manifest => ({
  apiVersion: api,
  kind: 'ApiAuthorizer',
  metadata: { namespace: 'shop', name: `customers-${variant}`, uid: `d${variant}` },
  spec: {
    jwt: {
      issuers: [
        { issuer: issuerOf('inline', places), anyAudience: true, jwks: { inline: places.bad } },
      ],
      from: [{ header: 'x-token', scheme: 'Token' }],
    },
  },
})

/**
 * What rich objects refer to. Under every name there is something else, too, in the place where a reference leads
 * that lost a field.
 */
const surroundings = (places: Places): readonly Manifest[] => [
  ...service('platform', 'orders', places.backend),
  ...service('shop', 'orders', places.decoy),
  ...service('keys', 'login', places.keys),
  ...service('platform', 'login', places.decoy),
  grant('platform', { kind: 'ApiRoute', namespace: 'shop' }, 'Service', 'ApiAuthorizer'),
  grant('keys', { kind: 'ApiRoute', namespace: 'shop' }, 'Secret', 'ConfigMap'),
  ...certificates('keys', own),
  ...certificates('shop', other),
  grant('keys', { kind: 'ApiAuthorizer', namespace: 'platform' }, 'Service', 'ConfigMap', 'Secret'),
  ...['ConfigMap', 'Secret'].flatMap((kind) => [
    stored(kind, 'keys', { 'set.json': places.good, 'jwks.json': places.bad }),
    stored(kind, 'platform', { 'set.json': places.bad }),
  ]),
  ...variants.map((variant) => decoyAuthorizer(places, variant)),
]

/** Many bad tokens come from one client, all at once: that must not be why one is refused. */
const settings = {
  ...defaultSettings,
  limits: { ...defaultSettings.limits, verifications: 10_000, badSignaturesPerClient: 1_000_000 },
}

const optionsOf = (className: string): CompileOptions => ({
  className,
  allowLoopback: true,
  settings,
})

/** Makes snapshots of one object after the other, in the same surroundings. */
export function compilerAmong(
  others: readonly Manifest[],
  places: Places,
): (object: Manifest, className: string) => Snapshot {
  const compile = createCompiler()
  const rest = worldOf([...others, ...surroundings(places)])
  return (object, className) => {
    const { routes, authorizers } = worldOf([object])
    const world = {
      ...rest,
      routes: [...rest.routes, ...routes],
      authorizers: [...rest.authorizers, ...authorizers],
    }
    return withPoolKeys(compile(world, optionsOf(className)).snapshot, places)
  }
}

/** The keys of a user pool are at Amazon; here they are given. */
const withPoolKeys = (snapshot: Snapshot, { good }: Places): Snapshot => ({
  ...snapshot,
  authorizers: snapshot.authorizers.map((authorizer) => ({
    ...authorizer,
    issuers: authorizer.issuers.map((issuer) =>
      issuer.cognito === undefined
        ? issuer
        : { ...issuer, keys: { kind: 'inline' as const, jwks: good } },
    ),
  })),
})

export const poolIssuer = `https://cognito-idp.${pool.region}.amazonaws.com/${pool.userPoolId}`
