import { z } from 'zod'
import { durationPattern, parseDuration } from '../../model/duration.ts'
import { parseQuantity, quantityPattern } from '../../model/quantity.ts'

/** A duration in the manifest, milliseconds in the program. */
export const duration = z
  .string()
  .max(32)
  .regex(durationPattern, 'must be a duration such as 250ms, 30s or 1h30m')
  .transform((text, context) => {
    const ms = parseDuration(text)
    if (ms === undefined)
      context.addIssue({ code: 'custom', message: `must be at most 24h, not ${text}` })
    return ms ?? 0
  })

/** A duration that cannot be switched off. */
export const positiveDuration = duration.refine(
  (ms) => ms > 0,
  'must be more than 0s: this clock cannot be switched off',
)

/** Bytes: `64Ki`, `10Mi`; a plain number is taken, too, as Kubernetes does. */
export const quantity = z
  .union([
    z.string().max(16).regex(quantityPattern, 'must be a quantity such as 64Ki or 10Mi'),
    z.int().min(0),
  ])
  .transform((value, context) => {
    const bytes = parseQuantity(String(value))
    if (bytes === undefined)
      context.addIssue({
        code: 'custom',
        message: `must be a quantity of bytes such as 64Ki or 10Mi, not ${value}`,
      })
    return bytes ?? 0
  })

/** RFC 1123 label or subdomain: the name of a Kubernetes object. */
export const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
    'must be a lower-case name of letters, digits, - and .',
  )

/** A name inside an object: rules, backends, regions. */
export const partName = z
  .string()
  .min(1)
  .max(63)
  .regex(
    /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
    'must be a name of letters, digits, -, _ and .',
  )

/** A header field name (RFC 9110 §5.1); lower case in the program. */
export const headerName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be a header name')
  .transform((name) => name.toLowerCase())

/** A header field value: visible ASCII, spaces only inside. Anything else could become another header (U10). */
export const headerValue = z
  .string()
  .max(4096)
  .regex(
    /^([\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?)?$/,
    'must be visible ASCII without spaces at its ends',
  )

/** One line of text without control characters. */
export const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/, 'must not contain control characters')

/** A body that the gateway answers: any text but NUL. */
export const text = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\u0000]*$/, 'must not contain NUL')

export const port = z.int().min(1).max(65_535)

/** A reference to an object; another namespace must grant it (ReferenceGrant). */
export const reference = { name: objectName, namespace: objectName.optional() }

/** Exactly one of these fields must be there. */
export const hasOne =
  (...fields: readonly string[]) =>
  (value: object): boolean =>
    fields.filter((field) => (value as Record<string, unknown>)[field] !== undefined).length === 1
