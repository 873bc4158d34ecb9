import { stringify } from 'yaml'

export interface RuleText {
  readonly name?: string
  readonly path?: string
  readonly body?: string
}

/** An ApiRoute in namespace `shop`, on host `NAME.example`, whose rules answer by themselves. */
export const route = (name: string, ...rules: readonly RuleText[]) => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiRoute',
  metadata: { name, namespace: 'shop' },
  spec: {
    hostnames: [`${name}.example`],
    rules: (rules.length > 0 ? rules : [{}]).map((rule) => ({
      name: rule.name ?? 'all',
      authorize: { public: true },
      matches: [{ path: { prefix: rule.path ?? '/' } }],
      respond: { status: 200, body: rule.body ?? name },
    })),
  },
})

/** Documents as people write them. */
export const yamlOf = (...documents: readonly unknown[]): string =>
  documents.map((document) => stringify(document)).join('---\n')

/** One public rule for every host and path, as YAML. @param action what it does: `respond`, `backends` */
export const openToAll = (action: object): string =>
  yamlOf({
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'ApiRoute',
    metadata: { name: 'a', namespace: 'shop' },
    spec: { hostnames: ['*'], rules: [{ name: 'r', authorize: { public: true }, ...action }] },
  })
