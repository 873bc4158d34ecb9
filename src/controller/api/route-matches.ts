import { z } from 'zod'
import { hasOne, headerName, line } from './fields.ts'

const path = line(1024)

const pathMatch = z
  .strictObject({
    exact: path.optional().describe('The whole path.'),
    prefix: path
      .optional()
      .describe('Whole leading segments: /orders is /orders and /orders/1, never /ordersx.'),
    pattern: path.optional().describe('The whole path; {id} is one segment that is not empty.'),
    regex: path.optional().describe('The whole path as an RE2 expression.'),
  })
  .refine(
    hasOne('exact', 'prefix', 'pattern', 'regex'),
    'must have exactly one of exact, prefix, pattern, regex',
  )

const condition = {
  exact: z.string().max(1024).optional().describe('The value, to the letter.'),
  prefix: line(1024).optional().describe('What the value begins with.'),
  regex: line(1024).optional().describe('An RE2 expression over the whole value.'),
  present: z.boolean().optional().describe('Whether it must be there at all.'),
}
const oneCondition = [
  hasOne('exact', 'prefix', 'regex', 'present'),
  'must have exactly one of exact, prefix, regex, present',
] as const

const headerMatch = z
  .strictObject({ name: headerName.describe('Name of the header, in any case.'), ...condition })
  .refine(...oneCondition)
const queryMatch = z
  .strictObject({ name: line(256).describe('Name of the parameter.'), ...condition })
  .refine(...oneCondition)

/** Methods as RFC 9110 has them, and any other token in upper case. */
export const method = z
  .string()
  .min(1)
  .max(32)
  .regex(/^[A-Z][A-Z0-9-]*$/, 'must be a method in upper case')

/** One match of a rule: all of its conditions must hold. */
export const match = z.strictObject({
  path: pathMatch.optional().describe('Condition on the path; absent: every path.'),
  methods: z
    .array(method)
    .min(1)
    .max(16)
    .optional()
    .describe('Methods; GET includes HEAD. Absent: every method.'),
  headers: z
    .array(headerMatch)
    .max(16)
    .optional()
    .describe('Conditions on headers; every value of a repeated header must satisfy.'),
  query: z
    .array(queryMatch)
    .max(16)
    .optional()
    .describe('Conditions on query parameters; every value of a repeated one must satisfy.'),
})

export const matches = z.array(match).min(1).max(64)
