import { sentences } from './describe.ts'
import type { Noted } from './noted.ts'

/** A structural schema of apiextensions.k8s.io/v1. */
export type Structural = { readonly [key: string]: unknown }

/**
 * A schema as the API server wants it. What is not here on purpose: `default`, because the controller fills in what is
 * absent, and `additionalProperties: false`, which is not structural: the API server prunes unknown fields.
 */
export function structural(noted: Noted): Structural {
  const description = sentences(noted)
  return { ...(description !== '' && { description }), ...shapeOf(noted) }
}

function shapeOf(noted: Noted): Structural {
  if (noted.anyOf !== undefined) return unionOf(noted.anyOf)
  switch (noted.type) {
    case 'object':
      return objectOf(noted)
    case 'array':
      return listOf(noted)
    case 'string':
      return { type: 'string', ...textOf(noted), ...validationsOf(noted) }
    case 'boolean':
      return { type: 'boolean', ...(noted.const !== undefined && { enum: [noted.const] }) }
    case 'integer':
    case 'number':
      return numberOf(noted)
    default:
      throw new Error(`no structural schema for ${JSON.stringify(noted)}`)
  }
}

const defined = (fields: Structural): Structural =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

const validationsOf = (noted: Noted): Structural =>
  defined({ 'x-kubernetes-validations': noted['x-kubernetes-validations'] })

const objectOf = (noted: Noted): Structural => ({
  type: 'object',
  ...defined({ minProperties: noted.minProperties, required: noted.required }),
  properties: Object.fromEntries(
    Object.entries(noted.properties ?? {}).map(([name, field]) => [name, structural(field)]),
  ),
  ...validationsOf(noted),
})

function listOf(noted: Noted): Structural {
  const keys = noted['x-kubernetes-list-map-keys']
  return {
    type: 'array',
    ...defined({ minItems: noted.minItems, maxItems: noted.maxItems }),
    'x-kubernetes-list-type': keys === undefined ? 'atomic' : 'map',
    ...defined({ 'x-kubernetes-list-map-keys': keys }),
    items: structural(noted.items ?? {}),
    ...validationsOf(noted),
  }
}

function textOf({ enum: values, format, pattern, minLength, maxLength }: Noted): Structural {
  if (values !== undefined) return { enum: values }
  return {
    ...defined({ format, minLength, maxLength }),
    ...(format === undefined && pattern !== undefined && { pattern: rePattern(pattern) }),
  }
}

/** JavaScript writes characters as `\u2028`, RE2 as `\x{2028}`; both know `\x1f`. */
const rePattern = (pattern: string): string =>
  pattern.replaceAll(/\\u([0-9a-f]{4})/gi, (_, hex: string) =>
    hex.startsWith('00') ? `\\x${hex.slice(2)}` : `\\x{${hex}}`,
  )

function numberOf({ enum: values, minimum, maximum, type }: Noted): Structural {
  if (values !== undefined)
    return { type: values.every(Number.isInteger) ? 'integer' : 'number', enum: values }
  return { type, ...defined({ minimum, maximum }) }
}

/** The two unions that can be said: a whole number or text, and any scalar. */
function unionOf(members: readonly Noted[]): Structural {
  const text = members.find(({ type }) => type === 'string') ?? {}
  const number = members.find(({ type }) => type === 'integer' || type === 'number') ?? {}
  const bounds = {
    ...(text.enum === undefined ? textOf(text) : wordsOf(text.enum.map(String))),
    ...defined({ minimum: number.minimum, maximum: number.maximum }),
  }
  return members.length === 2 && number.type === 'integer'
    ? { 'x-kubernetes-int-or-string': true, ...bounds }
    : { 'x-kubernetes-preserve-unknown-fields': true, ...bounds, ...onlyScalars }
}

const wordsOf = (words: readonly string[]): Structural => ({
  maxLength: Math.max(...words.map(({ length }) => length)),
  pattern: `^(${words.join('|')})$`,
})

/**
 * A structural schema has no word for "text, number or boolean": only what has no type may hold it, and that must be
 * marked as preserving unknown fields. No list and no object satisfies these bounds.
 */
const onlyScalars: Structural = { minItems: 1, maxItems: 0, minProperties: 1, maxProperties: 0 }
