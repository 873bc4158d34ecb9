import type { z } from 'zod'

type Schema = z.core.$ZodType

/** What of zod's own description of a schema leads to the schemas in it. */
interface Definition {
  readonly shape?: Readonly<Record<string, Schema>>
  readonly element?: Schema
  readonly innerType?: Schema
  readonly valueType?: Schema
  readonly in?: Schema
  readonly options?: readonly Schema[]
}

/** The fields that an object may have at this path of a value; none where the schema does not say. */
export function fieldsAt(schema: Schema, path: readonly PropertyKey[]): string[] {
  const { shape, innerType, in: input, options, element, valueType } = definitionOf(schema)
  const inside = innerType ?? input
  if (inside !== undefined) return fieldsAt(inside, path)
  if (options !== undefined) return options.flatMap((option) => fieldsAt(option, path))
  const [part, ...rest] = path
  if (part === undefined) return Object.keys(shape ?? {})
  const next = element ?? valueType ?? shape?.[String(part)]
  return next === undefined ? [] : fieldsAt(next, rest)
}

const definitionOf = (schema: Schema): Definition => schema._zod.def as Definition
