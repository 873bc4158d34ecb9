import type { z } from 'zod'

/** A demand on several fields at once, in two languages: one for the decoder, CEL for the API server. */
export interface Check<Value> {
  /** Absent where compile looks itself, because it can name the very field. */
  readonly holds?: (value: Value) => boolean
  /** Over `self`. */
  readonly cel: string
  readonly message: string
  /** The fields of which exactly one is wanted. */
  readonly choice?: readonly string[]
}

/** A misspelt field is told once, and not what is missing without it. */
const isSound = ({ issues }: { readonly issues: readonly unknown[] }): boolean =>
  issues.length === 0

/** An object that has to satisfy all checks, here and in the API server. */
export const checked = <Schema extends z.ZodType>(
  schema: Schema,
  ...checks: readonly Check<z.output<Schema>>[]
): Schema =>
  checks
    .reduce(
      (refined, { holds, message }) =>
        holds === undefined ? refined : refined.refine(holds, { error: message, when: isSound }),
      schema,
    )
    .meta({
      'x-kubernetes-validations': checks.map(({ cel, message }) => ({ rule: cel, message })),
      choices: checks.flatMap(({ choice }) => (choice === undefined ? [] : [choice])),
    })

const has = (value: object, field: string): boolean =>
  (value as Readonly<Record<string, unknown>>)[field] !== undefined

/** Exactly one of these fields is there. @param say how they are written, when not by their names alone */
export const exactlyOne = (
  fields: readonly string[],
  say: readonly string[] = fields,
): Check<object> => ({
  holds: (value) => fields.filter((field) => has(value, field)).length === 1,
  cel: `${fields.map((field) => `(has(self.${field}) ? 1 : 0)`).join(' + ')} == 1`,
  message: `must have exactly one of ${say.join(', ')}`,
  choice: fields,
})

/** CEL has words that are no names. */
const celName = (field: string): string => (field === 'true' ? '__true__' : field)

/** Some of the fields are there. */
export const atLeastOne = (fields: readonly string[]): Check<object> => ({
  holds: (value) => fields.some((field) => has(value, field)),
  cel: fields.map((field) => `has(self.${field})`).join(' || '),
  message: `must have at least one of ${fields.join(', ')}`,
})

/** Not both fields are there. */
export const notBoth = (one: string, other: string): Check<object> => ({
  holds: (value) => !(has(value, one) && has(value, other)),
  cel: `!(has(self.${celName(one)}) && has(self.${celName(other)}))`,
  message: `must not have both ${one} and ${other}`,
})

/** The one field only beside the other. */
export const onlyWith = (field: string, other: string): Check<object> => ({
  holds: (value) => !has(value, field) || has(value, other),
  cel: `!has(self.${field}) || has(self.${other})`,
  message: `must not have ${field} without ${other}`,
})

/**
 * Some field is there. An object that says nothing is what is left of one whose only field was misspelt, once the
 * API server has pruned it.
 */
export const notEmpty = <Schema extends z.ZodType<object>>(schema: Schema): Schema =>
  schema
    .refine((value) => Object.values(value).some((field) => field !== undefined), {
      error: 'must have at least one field',
      when: isSound,
    })
    .meta({ minProperties: 1 })

/** Metadata of a list whose members have a natural key: unique here, and merged by it in server-side apply. */
export const keyedBy = (field: string) => ({ 'x-kubernetes-list-map-keys': [field] })
