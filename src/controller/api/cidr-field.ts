import { z } from 'zod'
import { canonicalCidr } from '../../model/address.ts'

const cidr = z
  .string()
  .max(64)
  .transform((text, context) => {
    const canonical = canonicalCidr(text)
    if (canonical === undefined)
      context.addIssue({
        code: 'custom',
        message: `must be an address or a CIDR such as 10.0.0.0/8, not ${text}`,
      })
    return canonical ?? ''
  })

/** Networks, in canonical form. */
export const cidrs = z.array(cidr).max(256)
