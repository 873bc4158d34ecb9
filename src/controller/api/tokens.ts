import { z } from 'zod'
import { checked, exactlyOne } from './checks.ts'
import { line } from './fields.ts'
import { note } from './notes.ts'

const members = z.array(line(256)).min(1).max(64)

/** Members that are wanted of a list: one of them, or all of them. */
export const wanted = checked(
  z.strictObject({
    anyOf: members.optional().meta(note('One of these is enough.')),
    allOf: members.optional().meta(note('All of these are needed.')),
  }),
  exactlyOne(['anyOf', 'allOf']),
)

/** A claim that must have, or as a list contain, one of the values. */
const claimCondition = z.strictObject({
  name: line(128).meta(note('Name of the claim.')),
  anyOf: z
    .array(z.union([line(1024), z.number(), z.boolean()]))
    .min(1)
    .max(64)
    .meta(
      note(
        'Values that are accepted: text, number, true or false. A claim that is a list must contain one.',
      ),
    ),
})

/** Conditions that a token has to meet. */
export const claims = z.array(claimCondition).max(32)
