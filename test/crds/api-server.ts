import { parse } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'
import type { Schema } from './schema.ts'

/**
 * What an API server does with an object that it is given: prunes the fields that the schema does not have, and
 * says what is wrong with the rest. The same was shown with a real one (docs/adr/0011-fields-that-the-api-server-prunes.md).
 */
export function admit(
  schema: Schema,
  object: unknown,
): { readonly object: unknown; readonly problems: readonly string[] } {
  const pruned = prune(schema, object)
  return { object: pruned, problems: problemsOf(schema, pruned, '') }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** apiVersion, kind and metadata are always there. */
const implicit = ['apiVersion', 'kind', 'metadata']

function prune(schema: Schema, value: unknown, isRoot = true): unknown {
  if (Array.isArray(value))
    return schema.items === undefined
      ? value
      : value.map((item) => prune(schema.items as Schema, item, false))
  if (!isRecord(value) || schema.properties === undefined) return value
  const { properties } = schema
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]) => {
      if (isRoot && implicit.includes(name)) return [[name, field]]
      const known = Object.hasOwn(properties, name) ? properties[name] : undefined
      return known === undefined ? [] : [[name, prune(known, field, false)]]
    }),
  )
}

function problemsOf(schema: Schema, value: unknown, path: string): readonly string[] {
  const faults = [...typeFaults(schema, value), ...valueFaults(schema, value)]
  const below = faults.length > 0 ? [] : problemsBelow(schema, value, path)
  // Rules in CEL are asked only about what has the right form.
  const rules = faults.length + below.length > 0 ? [] : brokenRules(schema, value)
  return [...[...faults, ...rules].map((fault) => `${path}: ${fault}`), ...below]
}

function problemsBelow(schema: Schema, value: unknown, path: string): readonly string[] {
  if (Array.isArray(value))
    return value.flatMap((item, at) => problemsOf(schema.items ?? {}, item, `${path}[${at}]`))
  if (!isRecord(value)) return []
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    Object.hasOwn(value, name)
      ? problemsOf(field, value[name], path === '' ? name : `${path}.${name}`)
      : [],
  )
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (value === null) return 'null'
  return Number.isInteger(value) ? 'integer' : typeof value
}

function typeFaults(schema: Schema, value: unknown): readonly string[] {
  const kind = kindOf(value)
  const wanted =
    schema['x-kubernetes-int-or-string'] === true
      ? ['integer', 'string']
      : schema.type === 'number'
        ? ['number', 'integer']
        : schema.type === undefined
          ? ['object', 'array', 'string', 'boolean', 'integer', 'number']
          : [schema.type]
  return wanted.includes(kind) ? [] : [`must be of type ${wanted.join(' or ')}, not ${kind}`]
}

function valueFaults(schema: Schema, value: unknown): readonly string[] {
  const faults: string[] = []
  const expect = (holds: boolean, fault: string) => holds || faults.push(fault)
  const { enum: values } = schema
  if (values !== undefined) expect(values.includes(value), `must be one of ${values.join(', ')}`)
  if (typeof value === 'string') textFaults(schema, value, expect)
  if (typeof value === 'number') {
    expect(value >= (schema.minimum ?? value), `must be at least ${schema.minimum}`)
    expect(value <= (schema.maximum ?? value), `must be at most ${schema.maximum}`)
  }
  if (Array.isArray(value)) {
    expect(value.length >= (schema.minItems ?? 0), `must have ${schema.minItems} members`)
    expect(value.length <= (schema.maxItems ?? value.length), 'must have fewer members')
    expect(hasUniqueKeys(schema, value), 'must not have two members of one key')
  }
  if (isRecord(value)) {
    const count = Object.keys(value).length
    expect(count >= (schema.minProperties ?? 0), 'must have at least one field')
    expect(count <= (schema.maxProperties ?? count), 'must not have fields')
    for (const name of schema.required ?? [])
      expect(Object.hasOwn(value, name), `must have ${name}`)
  }
  return faults
}

function textFaults(
  { minLength = 0, maxLength, pattern }: Schema,
  value: string,
  expect: (holds: boolean, fault: string) => unknown,
): void {
  const length = [...value].length
  expect(length >= minLength, 'must be longer')
  // RE2 in JavaScript takes its time over what is refused anyhow.
  if (maxLength !== undefined && length > maxLength) expect(false, 'must be shorter')
  else if (pattern !== undefined)
    expect(expressionOf(pattern).matcher(value).find(), `must fit ${pattern}`)
}

const expressions = new Map<string, RE2JS>()

/** In the dialect of the API server. */
function expressionOf(pattern: string): RE2JS {
  const known = expressions.get(pattern) ?? RE2JS.compile(pattern)
  expressions.set(pattern, known)
  return known
}

function hasUniqueKeys(schema: Schema, list: readonly unknown[]): boolean {
  const keys = schema['x-kubernetes-list-map-keys']
  if (keys === undefined) return true
  const ids = list.map((item) =>
    JSON.stringify(keys.map((key) => (isRecord(item) ? item[key] : ''))),
  )
  return new Set(ids).size === ids.length
}

const rules = new Map<string, ReturnType<typeof parse>>()

/** Rules about a change (`oldSelf`) are asked with the object as it is: nothing changed. */
function brokenRules(schema: Schema, self: unknown): readonly string[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap(({ rule, message }) =>
    holds(rule, { self: celValue(self), oldSelf: celValue(self) }) ? [] : [message],
  )
}

/** A field with the name of a word of CEL has another there. */
const celValue = (value: unknown): unknown =>
  isRecord(value) && Object.hasOwn(value, 'true') ? { ...value, __true__: value['true'] } : value

export function holds(rule: string, context: { self: unknown; oldSelf: unknown }): boolean {
  const known = rules.get(rule) ?? parse(rule)
  rules.set(rule, known)
  const result = known(context)
  if (typeof result !== 'boolean') throw new Error(`${rule} is ${String(result)}`)
  return result
}
