import { z } from 'zod'
import { line } from './fields.ts'

/** Members that are wanted of a list: one of them, or all of them. */
export const wanted = z
  .strictObject({
    anyOf: z.array(line(256)).min(1).max(64).optional().describe('One of these is enough.'),
    allOf: z.array(line(256)).min(1).max(64).optional().describe('All of these are needed.'),
  })
  .refine(
    (value) => value.anyOf !== undefined || value.allOf !== undefined,
    'must have anyOf or allOf',
  )

/** A claim that must have, or as a list contain, one of the values. */
const claimCondition = z.strictObject({
  name: line(128).describe('Name of the claim.'),
  anyOf: z
    .array(z.union([line(1024), z.number(), z.boolean()]))
    .min(1)
    .max(64)
    .describe('Values that are accepted.'),
})

/** Conditions that a token has to meet. */
export const claims = z.array(claimCondition).max(32)
