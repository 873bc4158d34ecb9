import { z } from 'zod'

type Schema = z.core.$ZodType

/** What of zod's own description of a schema leads to the schemas in it. */
interface Definition {
  readonly type: string
  readonly shape?: Readonly<Record<string, Schema>>
  readonly element?: Schema
  readonly innerType?: Schema
  readonly valueType?: Schema
  readonly in?: Schema
  readonly options?: readonly Schema[]
  readonly checks?: readonly z.core.$ZodCheck[]
}

/** The fields that an object may have at this path of a value; none where the schema does not say. */
export const fieldsAt = (schema: Schema, path: readonly PropertyKey[]): string[] =>
  schemasAt(schema, path).flatMap((each) => Object.keys(definitionOf(each).shape ?? {}))

/** How an object at this path is written, by its fields that must be there: `{ name: … }`; '' where none must. */
export function formAt(schema: Schema, path: readonly PropertyKey[]): string {
  const [object] = schemasAt(schema, path)
  const { shape = {} } = object === undefined ? {} : definitionOf(object)
  const needed = Object.keys(shape).filter((field) => isNeeded(shape[field] as Schema))
  const [choice = []] = (object && choicesOf(object)) ?? []
  if (choice.length > 0) return choice.map((field) => printForm([...needed, field])).join(' or ')
  return needed.length === 0 ? '' : printForm(needed)
}

const printForm = (fields: readonly string[]): string =>
  `{ ${fields.map((field) => `${field}: …`).join(', ')} }`

/** Whether a list at this path may have no members. */
export function emptyListIsGood(schema: Schema, path: readonly PropertyKey[]): boolean {
  const [list] = schemasAt(schema, path)
  const checks = list === undefined ? undefined : (definitionOf(list).checks ?? [])
  return checks?.every(({ _zod }) => _zod.def.check !== 'min_length') === true
}

/** The schemas of a value at this path, without what wraps them. */
function schemasAt(schema: Schema, path: readonly PropertyKey[]): readonly Schema[] {
  const { shape, innerType, in: input, options, element, valueType } = definitionOf(schema)
  const inside = innerType ?? input
  if (inside !== undefined) return schemasAt(inside, path)
  if (options !== undefined) return options.flatMap((option) => schemasAt(option, path))
  const [part, ...rest] = path
  if (part === undefined) return [schema]
  const next = element ?? valueType ?? shape?.[String(part)]
  return next === undefined ? [] : schemasAt(next, rest)
}

const definitionOf = (schema: Schema): Definition => schema._zod.def as Definition

const isNeeded = (schema: Schema): boolean =>
  definitionOf(schema).type !== 'optional' && definitionOf(schema).type !== 'default'

/** Of an object that has exactly one of some fields (`exactlyOne`). */
const choicesOf = (schema: Schema): readonly (readonly string[])[] | undefined =>
  z.globalRegistry.get(schema)?.['choices'] as readonly (readonly string[])[] | undefined
