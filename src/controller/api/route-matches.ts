import { z } from 'zod'
import { checked, exactlyOne, notEmpty } from './checks.ts'
import { headerName, line, lineOrNothing } from './fields.ts'
import { note } from './notes.ts'

const path = line(1024)

const pathMatch = checked(
  z.strictObject({
    exact: path.optional().meta(note('The whole path.')),
    prefix: path
      .optional()
      .meta(note('Whole leading segments: /orders is /orders and /orders/1, never /ordersx.')),
    pattern: path
      .optional()
      .meta(note('The whole path; {id} stands for one segment that is not empty.')),
    regex: path
      .optional()
      .meta(
        note(
          'An RE2 expression over the whole path. All of one object may need 2048 steps a byte together.',
        ),
      ),
  }),
  exactlyOne(['exact', 'prefix', 'pattern', 'regex']),
)

const condition = {
  exact: lineOrNothing(1024).optional().meta(note('The value, to the letter.')),
  prefix: line(1024).optional().meta(note('What the value begins with.')),
  regex: line(1024).optional().meta(note('An RE2 expression over the whole value.')),
  present: z.boolean().optional().meta(note('Whether it must be there, or must not.')),
}
const oneCondition = exactlyOne(['exact', 'prefix', 'regex', 'present'])

const headerMatch = checked(
  z.strictObject({
    name: headerName.meta(note('Name of the header, in any case.')),
    ...condition,
  }),
  oneCondition,
)
const queryMatch = checked(
  z.strictObject({
    name: line(256).meta(note('Name of the parameter, as it is after percent-decoding.')),
    ...condition,
  }),
  oneCondition,
)

/** Methods as RFC 9110 has them, and any other token in upper case. */
export const method = z
  .string()
  .min(1)
  .max(32)
  .regex(/^[A-Z][A-Z0-9-]*$/, 'must be a method in upper case')

/** One match of a rule: all of its conditions must hold. */
export const match = notEmpty(
  z.strictObject({
    path: pathMatch.optional().meta(note('Condition on the path.', { absent: 'every path' })),
    methods: z
      .array(method)
      .min(1)
      .max(16)
      .optional()
      .meta(note('Methods; GET includes HEAD.', { absent: 'every method' })),
    headers: z
      .array(headerMatch)
      .max(16)
      .optional()
      .meta(
        note('Conditions on headers; every value of a repeated header must satisfy.', {
          default: [],
        }),
      ),
    query: z
      .array(queryMatch)
      .max(16)
      .optional()
      .meta(
        note('Conditions on query parameters; every value of a repeated one must satisfy.', {
          default: [],
        }),
      ),
  }),
)

export const matches = z.array(match).min(1).max(64)
