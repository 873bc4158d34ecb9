import { z } from 'zod'
import { keyedBy } from './checks.ts'
import { text } from './fields.ts'
import { note } from './notes.ts'

/** As metav1.Condition has it. Others may write conditions of their own. */
const condition = z.strictObject({
  type: z
    .string()
    .min(1)
    .max(316)
    .regex(
      /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
    )
    .meta(
      note(
        'Accepted: the object is valid. ResolvedRefs: all it names exists and may be used. Programmed: every proxy serves it. ServingLastGood: an earlier generation is served. IssuersReachable: the keys of every issuer can be fetched. CertificateExpiring: the certificate ends within 14 days, or has ended.',
      ),
    ),
  status: z.enum(['True', 'False', 'Unknown']).meta(note('Whether it holds.')),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .meta(note('Why, as one of the words of docs/reasons.md.')),
  message: text(32_768).meta(note('Where, what, and what would be right.')),
  observedGeneration: z
    .int()
    .min(0)
    .meta(note('The generation of the object that this is about.', { unit: 'generation' })),
  lastTransitionTime: z.iso
    .datetime({ offset: true })
    .max(64)
    .meta(note('When `status` changed last.')),
})

const conditions = z
  .array(condition)
  .max(16)
  .optional()
  .meta({
    ...note('What became of the object, one of each type.', { absent: 'nobody has looked yet' }),
    ...keyedBy('type'),
  })

/** `status` of every kind. */
export const anyStatus = z.strictObject({ conditions })

/** `status` of an ApiRoute. */
export const routeStatus = z.strictObject({
  conditions,
  rules: z
    .int()
    .min(0)
    .max(256)
    .optional()
    .meta(
      note('How many rules it has; a column cannot count them.', {
        unit: 'rules',
        absent: 'nobody has looked yet',
      }),
    ),
})
