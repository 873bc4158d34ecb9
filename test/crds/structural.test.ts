import { parse } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { holds } from './api-server.ts'
import { definitions, type Kind, type Node, nodesOf, schemaOf, textOf } from './schema.ts'

/** The one place that a structural schema cannot type: a claim is text, a number or a boolean (ADR 4). */
const anyScalar = /claims\[\]\.anyOf\[\]$/

const plurals = { ApiRoute: 'apiroutes', ApiAuthorizer: 'apiauthorizers' } as const

const kinds = Object.keys(definitions) as Kind[]

describe.each(kinds)('the CRD of %s', (kind) => {
  const nodes = nodesOf(schemaOf(kind))
  const faulty = (isRight: (node: Node) => boolean) =>
    nodes.filter((node) => !isRight(node)).map(({ path }) => path)

  test('has a type for everything, and so prunes everything that it does not know', () => {
    expect(
      faulty(
        ({ path, schema }) =>
          schema.type !== undefined ||
          schema['x-kubernetes-int-or-string'] === true ||
          anyScalar.test(path),
      ),
    ).toEqual([])
    expect(
      faulty(
        ({ path, schema }) =>
          schema['x-kubernetes-preserve-unknown-fields'] === undefined || anyScalar.test(path),
      ),
    ).toEqual([])
  })

  test('holds no object and no list where it cannot tell the type', () => {
    const scalars = nodes.filter(({ path }) => anyScalar.test(path))
    expect(scalars.length).toBeGreaterThan(0)
    for (const { schema } of scalars)
      expect(schema).toMatchObject({ minItems: 1, maxItems: 0, minProperties: 1, maxProperties: 0 })
  })

  test('uses only words that are structural', () => {
    const words = new Set(nodes.flatMap(({ schema }) => Object.keys(schema)))
    const forbidden = ['additionalProperties', 'default', '$ref', 'anyOf', 'oneOf', 'const', 'not']
    expect(forbidden.filter((word) => words.has(word))).toEqual([])
  })

  test('bounds every text by a pattern and a length, a list of values, or a format', () => {
    expect(
      faulty(({ schema }) => {
        const isText = schema.type === 'string' || schema.type === undefined
        const isBounded = schema.pattern !== undefined && schema.maxLength !== undefined
        return !isText || isBounded || schema.enum !== undefined || schema.format !== undefined
      }),
    ).toEqual([])
  })

  test('has patterns that RE2 reads, from the first to the last character', () => {
    const patterns = [...new Set(nodes.flatMap(({ schema }) => schema.pattern ?? []))]
    expect(patterns.length).toBeGreaterThan(3)
    for (const pattern of patterns) {
      expect(pattern).toMatch(/^\^.*\$$/s)
      expect(() => RE2JS.compile(pattern), pattern).not.toThrow()
    }
  })

  test('bounds every number', () => {
    expect(
      faulty(({ schema }) => {
        const isNumber = schema.type === 'integer' || schema.type === 'number'
        const isBounded = schema.minimum !== undefined && schema.maximum !== undefined
        return !isNumber || isBounded || schema.enum !== undefined
      }),
    ).toEqual([])
  })

  test('bounds every list and says how it is merged', () => {
    expect(
      faulty(
        ({ schema }) =>
          schema.type !== 'array' ||
          (schema.maxItems !== undefined && schema['x-kubernetes-list-type'] !== undefined),
      ),
    ).toEqual([])
  })

  test('merges by a key that every member must have', () => {
    const maps = nodes.filter(({ schema }) => schema['x-kubernetes-list-type'] === 'map')
    expect(maps.length).toBeGreaterThan(0)
    for (const { schema } of maps)
      expect(schema.items?.required).toEqual(
        expect.arrayContaining([...(schema['x-kubernetes-list-map-keys'] ?? [])]),
      )
  })

  test('says what every field means', () => {
    const fields = nodes.filter(({ parent }) => parent !== undefined)
    expect(fields.length).toBeGreaterThan(50)
    expect(
      faulty(({ parent, schema }) => parent === undefined || /\.$/.test(schema.description ?? '')),
    ).toEqual([])
  })

  test('says the unit of every number', () => {
    expect(
      faulty(
        ({ parent, schema }) =>
          parent === undefined ||
          (schema.type !== 'integer' && schema.type !== 'number') ||
          /Unit: [a-zA-Z ]+\./.test(schema.description ?? ''),
      ),
    ).toEqual([])
  })

  test('says what every field stands for that may be absent, unless another takes its place', () => {
    expect(
      faulty(({ parent, schema, name }) => {
        if (parent === undefined || parent.required?.includes(name)) return true
        return (
          /(Default|Absent:) .+\.$/.test(schema.description ?? '') ||
          isOneOf(parent['x-kubernetes-validations'] ?? [], name)
        )
      }).filter((path) => path !== 'status'),
    ).toEqual([])
  })

  test('has rules in CEL that can be read, each with a message', () => {
    for (const { path, schema } of nodes)
      for (const { rule, message } of schema['x-kubernetes-validations'] ?? []) {
        expect(message, path).toMatch(/^(must|className)/)
        expect(() => parse(rule), `${path}: ${rule}`).not.toThrow()
      }
  })

  test('is the same to those who read YAML 1.1, as kubectl does', () => {
    expect(parseYaml(textOf(plurals[kind]), { version: '1.1' })).toEqual(definitions[kind])
  })

  test('is small enough for kubectl to keep in an annotation', () => {
    expect(textOf(plurals[kind]).length).toBeLessThan(262_144)
  })

  test('has a status of its own, with conditions by type', () => {
    const [version] = definitions[kind].spec.versions
    expect(version).toMatchObject({ name: 'v1alpha1', subresources: { status: {} } })
    const conditions = schemaOf(kind).properties?.['status']?.properties?.['conditions']
    expect(conditions?.['x-kubernetes-list-map-keys']).toEqual(['type'])
    // Others may write conditions of their own.
    expect(conditions?.items?.properties?.['type']?.enum).toBeUndefined()
    expect(conditions?.items?.properties?.['type']?.pattern).toBeDefined()
  })
})

/** Whether a field is one of those of which exactly one is wanted. */
const isOneOf = (
  validations: readonly { readonly rule: string; readonly message: string }[],
  name: string,
): boolean =>
  validations.some(
    ({ rule, message }) =>
      message.startsWith('must have exactly one of') && rule.includes(`has(self.${name})`),
  )

test('kubectl get prints hostnames, rules and conditions; the short names are apir and apia', () => {
  const columnsOf = (kind: Kind) =>
    definitions[kind].spec.versions[0].additionalPrinterColumns.map(({ name }) =>
      name.toUpperCase(),
    )
  expect(columnsOf('ApiRoute')).toEqual(['HOSTNAMES', 'RULES', 'ACCEPTED', 'PROGRAMMED', 'AGE'])
  expect(columnsOf('ApiAuthorizer')).toEqual(['ACCEPTED', 'PROGRAMMED', 'AGE'])
  expect(kinds.map((kind) => definitions[kind].spec)).toMatchObject([
    { scope: 'Namespaced', names: { shortNames: ['apir'], categories: ['fairlead'] } },
    { scope: 'Namespaced', names: { shortNames: ['apia'], categories: ['fairlead'] } },
  ])
})

test.each([
  ['internal', 'internal', true],
  ['internal', 'fairlead', false],
  ['internal', undefined, false],
  [undefined, 'fairlead', true],
  [undefined, 'internal', false],
])('className %s may become %s: %s', (before, after, may) => {
  const spec = (className: string | undefined) => (className === undefined ? {} : { className })
  const rule = schemaOf('ApiRoute').properties?.['spec']?.['x-kubernetes-validations']?.find(
    ({ message }) => message.startsWith('className'),
  )?.rule
  expect(holds(rule!, { self: spec(after), oldSelf: spec(before) })).toBe(may)
})
