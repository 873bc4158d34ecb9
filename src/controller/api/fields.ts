import { z } from 'zod'
import { durationPattern, parseDuration } from '../../model/duration.ts'
import { parseQuantity, quantityPattern } from '../../model/quantity.ts'
import { note } from './notes.ts'

/** What the API server checks of a duration beyond its form (CEL). */
const atMost = (longest: string) => ({
  rule: `duration(self) <= duration('${longest}')`,
  message: `must be at most ${longest}`,
})
const moreThanZero = {
  rule: "duration(self) > duration('0s')",
  message: 'must be more than 0s: this clock cannot be switched off',
}

const aDuration = 'must be a duration such as 250ms, 30s or 1h30m'

/** A duration in the manifest, milliseconds in the program. */
export const duration = z
  .string(aDuration)
  .max(32)
  .regex(durationPattern, aDuration)
  .transform((text, context) => {
    const ms = parseDuration(text)
    if (ms === undefined)
      context.addIssue({ code: 'custom', message: `must be at most 24h, not ${text}` })
    return ms ?? 0
  })
  .meta({ form: 'duration', 'x-kubernetes-validations': [atMost('24h')] })

/** A duration that cannot be switched off. */
export const positiveDuration = duration
  .refine((ms) => ms > 0, moreThanZero.message)
  .meta({ 'x-kubernetes-validations': [atMost('24h'), moreThanZero] })

/** A duration that may not be as long as others, which compile checks. */
export const shortDuration = (longest: string) =>
  duration.meta({ longest, 'x-kubernetes-validations': [atMost(longest)] })

/** A duration that means nothing when it is shorter. */
export function longDuration(shortest: string) {
  const atLeast = {
    rule: `duration(self) >= duration('${shortest}')`,
    message: `must be at least ${shortest}`,
  }
  const leastMs = parseDuration(shortest) ?? 0
  return duration
    .refine((ms) => ms >= leastMs, atLeast.message)
    .meta({ 'x-kubernetes-validations': [atMost('24h'), atLeast] })
}

const aQuantity = 'must be a quantity such as 64Ki or 10Mi'

/** Bytes: `64Ki`, `10Mi`; a plain number is taken, too, as Kubernetes does. */
export const quantity = z
  .union(
    [z.string().max(16).regex(quantityPattern, aQuantity), z.int().min(0).max(999_999_999_999)],
    aQuantity,
  )
  .transform((value, context) => {
    const bytes = parseQuantity(String(value))
    if (bytes === undefined)
      context.addIssue({
        code: 'custom',
        message: `must be a quantity of bytes such as 64Ki or 10Mi, not ${value}`,
      })
    return bytes ?? 0
  })
  .meta({ form: 'bytes' })

/** RFC 1123 label or subdomain: the name of a Kubernetes object. */
export const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
    'must be a lower-case name of letters, digits, - and .',
  )

/** RFC 1123 label: the name of a namespace. */
const namespaceName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be the name of a namespace')

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

/** One line of text without control characters, or nothing. */
export const lineOrNothing = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/, 'must not contain control characters')

/** One line of text without control characters. */
export const line = (max: number) => lineOrNothing(max).min(1)

/** A subject alternative name with its kind, as Node prints it. */
export const certificateName = z
  .string()
  .max(1024)
  .regex(
    /^(DNS|URI|email|IP Address):[^\u0000-\u001f\u007f-\u009f\u2028\u2029]+$/,
    'must be a name with its kind, such as URI:spiffe://shop/orders or DNS:client.example',
  )

/** A body that the gateway answers: any text but NUL. */
export const text = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\u0000]*$/, 'must not contain NUL')

export const port = z.int().min(1).max(65_535)

/** A reference to an object; another namespace must grant it (ReferenceGrant). */
export const reference = {
  name: objectName.meta(note('Name of the object.')),
  namespace: namespaceName.optional().meta(
    note('Namespace of the object; another than its own must grant it with a ReferenceGrant.', {
      absent: 'the namespace that this object is in',
    }),
  ),
}
