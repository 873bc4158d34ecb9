import { stringify } from 'yaml'
import type { z } from 'zod'
import { authorizerSpec } from '../../src/controller/api/api-authorizer.ts'
import { routeSpec } from '../../src/controller/api/api-route.ts'
import { anyStatus, routeStatus } from '../../src/controller/api/status.ts'
import { notedOf } from './noted.ts'
import { type Structural, structural } from './structural.ts'

interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date'
  readonly jsonPath: string
  readonly description: string
}

/** A custom resource: its names, its schemas, and what `kubectl get` prints. */
export interface Resource {
  readonly kind: string
  readonly plural: string
  readonly shortName: string
  readonly description: string
  readonly spec: z.ZodType
  readonly status: z.ZodType
  readonly columns: readonly Column[]
}

const conditionColumn = (type: string, description: string): Column => ({
  name: type,
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
  description,
})

const commonColumns: readonly Column[] = [
  conditionColumn('Accepted', 'Whether the object is valid.'),
  conditionColumn('Programmed', 'Whether every proxy serves it.'),
  {
    name: 'Age',
    type: 'date',
    jsonPath: '.metadata.creationTimestamp',
    description: 'Time since it was created.',
  },
]

export const resources: readonly Resource[] = [
  {
    kind: 'ApiRoute',
    plural: 'apiroutes',
    shortName: 'apir',
    description: 'Says who may call an API and where its requests go.',
    spec: routeSpec,
    status: routeStatus,
    columns: [
      {
        name: 'Hostnames',
        type: 'string',
        jsonPath: '.spec.hostnames',
        description: 'Hosts that it serves.',
      },
      { name: 'Rules', type: 'integer', jsonPath: '.status.rules', description: 'How many rules.' },
      ...commonColumns,
    ],
  },
  {
    kind: 'ApiAuthorizer',
    plural: 'apiauthorizers',
    shortName: 'apia',
    description: 'Says which tokens are good, and what the backend gets to know of them.',
    spec: authorizerSpec,
    status: anyStatus,
    columns: commonColumns,
  },
]

const group = 'fairlead.dev'

const schemaOf = ({ description, spec, status }: Resource): Structural => ({
  description,
  type: 'object',
  required: ['spec'],
  properties: {
    spec: { ...structural(notedOf(spec)), description: 'What is wanted.' },
    status: { ...structural(notedOf(status)), description: 'What became of it.' },
  },
})

const definitionOf = (resource: Resource) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${resource.plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: {
      kind: resource.kind,
      listKind: `${resource.kind}List`,
      plural: resource.plural,
      singular: resource.kind.toLowerCase(),
      shortNames: [resource.shortName],
      categories: ['fairlead'],
    },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: resource.columns,
        schema: { openAPIV3Schema: schemaOf(resource) },
      },
    ],
  },
})

/** In YAML 1.1, because that is what kubectl reads: there a field `on` needs quotes. */
const yaml = (value: unknown): string =>
  stringify(value, { aliasDuplicateObjects: false, lineWidth: 120, version: '1.1' })

/** `crds/*.yaml` by path. */
export const definitions = (): readonly (readonly [string, string])[] =>
  resources.map((resource) => [
    `crds/${group}_${resource.plural}.yaml`,
    `# Generated from src/controller/api by \`npm run generate\`.\n${yaml(definitionOf(resource))}`,
  ])
