import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** A structural schema as it stands in `crds/*.yaml`. */
export interface Schema {
  readonly description?: string
  readonly type?: 'object' | 'array' | 'string' | 'boolean' | 'integer' | 'number'
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly 'x-kubernetes-int-or-string'?: true
  readonly 'x-kubernetes-preserve-unknown-fields'?: true
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'map'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-validations'?: readonly {
    readonly rule: string
    readonly message: string
  }[]
}

export interface Definition {
  readonly spec: {
    readonly scope: string
    readonly names: {
      readonly kind: string
      readonly shortNames: readonly string[]
      readonly categories: readonly string[]
    }
    readonly versions: readonly [
      {
        readonly name: string
        readonly subresources: object
        readonly additionalPrinterColumns: readonly {
          readonly name: string
          readonly jsonPath: string
        }[]
        readonly schema: { readonly openAPIV3Schema: Schema }
      },
    ]
  }
}

export const textOf = (plural: string): string =>
  readFileSync(new URL(`../../crds/fairlead.dev_${plural}.yaml`, import.meta.url), 'utf8')

const definitionOf = (plural: string): Definition => parse(textOf(plural))

/** What is checked in, by kind. */
export const definitions = {
  ApiRoute: definitionOf('apiroutes'),
  ApiAuthorizer: definitionOf('apiauthorizers'),
} as const

export type Kind = keyof typeof definitions

export const schemaOf = (kind: Kind): Schema =>
  definitions[kind].spec.versions[0].schema.openAPIV3Schema

/** A field, or what a list holds. */
export interface Node {
  /** `spec.rules[].name` */
  readonly path: string
  readonly schema: Schema
  /** The object that it is a field of; undefined for what a list holds. */
  readonly parent: Schema | undefined
  readonly name: string
}

/** Everything in a schema, outermost first. */
export function nodesOf(schema: Schema, path = ''): readonly Node[] {
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`
    return [{ path: at, schema: field, parent: schema, name }, ...nodesOf(field, at)]
  })
  if (schema.items === undefined) return fields
  const at = `${path}[]`
  const item = { path: at, schema: schema.items, parent: undefined, name: '' }
  return [item, ...nodesOf(schema.items, at)]
}
