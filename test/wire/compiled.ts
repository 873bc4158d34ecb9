import { createCompiler } from '../../src/controller/compile/compile.ts'
import type { ObjectStatus } from '../../src/model/problem.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { type Manifest, optionsOf, worldOf } from '../golden/case.ts'
import { keyFor, tokenOf } from '../tokens/keys.ts'

const object = (kind: string, name: string, spec: unknown): Manifest => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind,
  metadata: { namespace: 'shop', name, generation: 1 },
  spec,
})

const key = keyFor('ES256', 'k')
const issuer = 'https://login.shop.example/'

/** `anyOf` of the one authorizer there is. */
export const customers = { anyOf: [{ authorizer: { name: 'customers' } }] }
export const everybody = { public: true }

/** Whoever `customers` lets through, by an `authorization` field. @param exp by default in an hour of real time */
export function bearer(subject: string, exp = Math.floor(Date.now() / 1000) + 3600): string {
  return `authorization: Bearer ${tokenOf({ iss: issuer, aud: 'orders', sub: subject, exp }, key)}`
}

/** What the backend is told of such a caller. */
export const identityOf = (subject: string, field: string): readonly string[] => [
  `x-user: ${subject}`,
  `x-claims: ${field.split('.')[1]}`,
]

/** `claimsHeader` of a token as the backend gets it, decoded. */
export const claimsIn = (value: string): unknown =>
  JSON.parse(Buffer.from(value, 'base64url').toString())

/** One ApiRoute for every host, and the authorizer `customers`, which tells the backend `x-user` and `x-claims`. */
export function compile(
  rules: readonly Readonly<Record<string, unknown>>[],
  port: number,
  route: Readonly<Record<string, unknown>> = {},
): { readonly snapshot: Snapshot; readonly statuses: readonly ObjectStatus[] } {
  const backends = [{ name: 'b', url: `http://127.0.0.1:${port}` }]
  const complete = rules.map((rule) =>
    'redirect' in rule || 'respond' in rule ? rule : { backends, ...rule },
  )
  const manifests = [
    { kind: 'CompileOptions', allowLoopback: true },
    object('ApiRoute', 'orders', { hostnames: ['*'], ...route, rules: complete }),
    object('ApiAuthorizer', 'customers', {
      jwt: {
        issuers: [
          { issuer, audiences: ['orders'], jwks: { inline: JSON.stringify({ keys: [key.jwk] }) } },
        ],
        forward: { headers: [{ header: 'x-user', claim: 'sub' }], claimsHeader: 'x-claims' },
      },
    }),
  ]
  return createCompiler()(worldOf(manifests), optionsOf(manifests))
}
