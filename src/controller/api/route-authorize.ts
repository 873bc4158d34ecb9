import { z } from 'zod'
import { checked, exactlyOne } from './checks.ts'
import { line, reference } from './fields.ts'
import { note } from './notes.ts'
import { claims, wanted } from './tokens.ts'

const member = z.strictObject({
  authorizer: z.strictObject(reference).meta(note('The ApiAuthorizer that decides.')),
  scopes: wanted
    .optional()
    .meta(note('Scopes that the token must have.', { absent: 'none are asked for' })),
  groups: wanted
    .optional()
    .meta(note('Groups that the token must have.', { absent: 'none are asked for' })),
  claims: claims.optional().meta(note('Claims that the token must have.', { default: [] })),
})
const members = z.array(member).min(1).max(8)

const cidrs = z.array(line(64)).max(256)

/** Both lists are always written: of two conditions where one is misspelt, the other would stand alone. */
const sourceAddresses = z.strictObject({
  allow: cidrs.meta(note('Only these, as addresses or CIDRs; []: all.')),
  deny: cidrs.meta(note('Never these, as addresses or CIDRs; []: none.')),
})

/** Who may call. There is no default: a rule without it is not served. */
export const authorize = checked(
  z.strictObject({
    public: z.literal(true).optional().meta(note('Everybody.')),
    anyOf: members.optional().meta(note('One of these must allow.')),
    allOf: members.optional().meta(note('All of these must allow.')),
    sourceAddresses: sourceAddresses
      .optional()
      .meta(note('Addresses of clients that are admitted besides.', { absent: 'all' })),
  }),
  exactlyOne(['public', 'anyOf', 'allOf'], ['public: true', 'anyOf', 'allOf']),
)
