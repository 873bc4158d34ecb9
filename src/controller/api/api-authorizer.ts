import { z } from 'zod'
import { atLeastOne, checked, exactlyOne, keyedBy, notBoth, notEmpty, onlyWith } from './checks.ts'
import {
  certificateName,
  headerName,
  line,
  longDuration,
  port,
  reference,
  shortDuration,
  text,
} from './fields.ts'
import { note } from './notes.ts'
import { claims, wanted } from './tokens.ts'

const from = checked(
  z.strictObject({
    header: headerName.optional().meta(note('A header.')),
    scheme: z
      .string()
      .max(32)
      .regex(/^[A-Za-z][A-Za-z0-9-]*$/, 'must be an authentication scheme')
      .optional()
      .meta(
        note('Scheme in the header, before the token.', {
          absent: 'Bearer in Authorization, none in other headers',
        }),
      ),
    cookie: line(128).optional().meta(note('A cookie.')),
    query: line(128).optional().meta(note('A query parameter.')),
  }),
  exactlyOne(['header', 'cookie', 'query']),
  onlyWith('scheme', 'header'),
)

const forward = notEmpty(
  z.strictObject({
    headers: z
      .array(
        z.strictObject({
          header: headerName.meta(note('Header that the backend gets.')),
          claim: line(128).meta(note('Claim whose value it has.')),
        }),
      )
      .max(32)
      .optional()
      .meta({
        ...note('Claims that the backend gets as headers.', { default: [] }),
        ...keyedBy('header'),
      }),
    claimsHeader: headerName
      .optional()
      .meta(note('A header with all claims as base64url JSON.', { absent: 'none' })),
    token: z
      .enum(['Remove', 'Keep'])
      .optional()
      .meta(note('Whether the backend gets the credential.', { default: 'Remove' })),
  }),
)

const token = {
  from: z
    .array(from)
    .min(1)
    .max(8)
    .optional()
    .meta(
      note('Where the credential is; the first that is present is used.', {
        default: [{ header: 'Authorization', scheme: 'Bearer' }],
      }),
    ),
  clockSkew: shortDuration('60s')
    .optional()
    .meta(note('Allowed difference of clocks; 0s: none.', { default: '30s' })),
  claims: claims.optional().meta(note('Claims that every token must have.', { default: [] })),
  groups: wanted
    .optional()
    .meta(note('Groups that every token must have.', { absent: 'none are asked for' })),
  forward: forward
    .optional()
    .meta(
      note('What the backend gets to know.', { absent: 'no claims; the credential is removed' }),
    ),
  // Keys are fetched at most every 10 s: what is stale sooner than a few of these would be stale between two fetches.
  staleKeysFor: longDuration('1m')
    .optional()
    .meta(
      note('How long keys verify after their last fetch while the issuer cannot be reached.', {
        default: '24h',
      }),
    ),
}

const keyRef = z.strictObject({
  ...reference,
  key: line(253)
    .optional()
    .meta(note('Key of its data.', { default: 'jwks.json' })),
})

const jwks = checked(
  z.strictObject({
    service: z
      .strictObject({
        ...reference,
        port: port.meta(note('Port of the Service.', { unit: 'TCP port' })),
        path: line(1024)
          .optional()
          .meta(note('Path of the key set.', { default: '/.well-known/jwks.json' })),
      })
      .optional()
      .meta(note('A Service that serves the key set.')),
    configMapRef: keyRef.optional().meta(note('A ConfigMap that holds it.')),
    secretRef: keyRef.optional().meta(note('A Secret that holds it.')),
    inline: text(65_536)
      .min(2)
      .optional()
      .meta(note('The key set itself, as JSON (RFC 7517); public keys only.')),
  }),
  exactlyOne(['service', 'configMapRef', 'secretRef', 'inline']),
)

const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

const issuer = checked(
  z.strictObject({
    issuer: line(2048).meta(note('Compared with `iss` of the token, to the letter.')),
    audiences: z
      .array(line(512))
      .min(1)
      .max(64)
      .optional()
      .meta(note('Accepted values of `aud`, or of `client_id` where the token has no `aud`.')),
    anyAudience: z
      .literal(true)
      .optional()
      .meta(note('Every audience is accepted, tokens meant for others too.')),
    jwksUri: line(2048)
      .optional()
      .meta(note('Where the keys are.', { absent: '`jwks`, else OpenID discovery at the issuer' })),
    jwks: jwks.optional().meta(
      note('The keys, from inside the cluster.', {
        absent: '`jwksUri`, else OpenID discovery at the issuer',
      }),
    ),
    algorithms: z
      .array(z.enum(algorithms))
      .min(1)
      .max(10)
      .optional()
      .meta(note('Accepted algorithms.', { default: algorithms })),
    type: line(64)
      .optional()
      .meta(note('Required value of `typ`, such as at+jwt.', { absent: 'not checked' })),
  }),
  exactlyOne(['audiences', 'anyAudience'], ['audiences', 'anyAudience: true']),
  notBoth('jwks', 'jwksUri'),
)

const userPool = checked(
  z.strictObject({
    region: z
      .string()
      .max(32)
      .regex(/^[a-z]{2}(-[a-z]+)+-[0-9]$/, 'must be an AWS region such as eu-west-1')
      .meta(note('AWS region of the pool.')),
    userPoolId: z
      .string()
      .max(64)
      .regex(
        /^[a-z]{2}(-[a-z]+)+-[0-9]_[A-Za-z0-9]+$/,
        'must be a user pool id such as eu-west-1_AbCdEf',
      )
      .meta(note('Id of the pool; it begins with the region.')),
    clientIds: z
      .array(
        z
          .string()
          .min(1)
          .max(128)
          .regex(/^[\w+]+$/, 'must be an app client id'),
      )
      .min(1)
      .max(64)
      .meta(note('Accepted app clients.')),
  }),
  {
    cel: "self.userPoolId.startsWith(self.region + '_')",
    message: 'must have a userPoolId of its region',
  },
)

const mtls = checked(
  z.strictObject({
    subjectAltNames: z
      .array(certificateName)
      .min(1)
      .max(256)
      .optional()
      .meta(
        note(
          'Names with their kind, such as `URI:spiffe://shop/orders`; a certificate that has one of them, to the letter, is enough.',
          { absent: 'none' },
        ),
      ),
    fingerprints: z
      .array(
        z
          .string()
          .max(95)
          .regex(/^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, 'must be 32 bytes in hex (SHA-256)'),
      )
      .min(1)
      .max(256)
      .optional()
      .meta(
        note(
          'SHA-256 of certificates in their DER form, in hex, with or without colons; one of them is enough.',
          { absent: 'none' },
        ),
      ),
    forward: notEmpty(
      z.strictObject({
        headers: z
          .array(
            z.strictObject({
              header: headerName.meta(note('Header that the backend gets.')),
              from: z
                .enum(['subjectAltName', 'fingerprint'])
                .meta(note('What it says: the name that was enough, else the first, or SHA-256.')),
            }),
          )
          .min(1)
          .max(32)
          .optional()
          .meta({
            ...note('What the backend gets to know of the certificate.', { absent: 'nothing' }),
            ...keyedBy('header'),
          }),
      }),
    )
      .optional()
      .meta(note('What the backend gets to know.', { absent: 'nothing' })),
  }),
  atLeastOne(['subjectAltNames', 'fingerprints']),
)

/** `spec` of an ApiAuthorizer (api.md): exactly one kind. */
export const authorizerSpec = checked(
  z.strictObject({
    jwt: z
      .strictObject({
        issuers: z
          .array(issuer)
          .min(1)
          .max(16)
          .meta({
            ...note('Accepted issuers; `iss` of the token picks one.'),
            ...keyedBy('issuer'),
          }),
        ...token,
      })
      .optional()
      .meta(note('JSON Web Tokens (RFC 7519).')),
    cognito: z
      .strictObject({
        userPools: z
          .array(userPool)
          .min(1)
          .max(16)
          .meta({
            ...note('Accepted user pools, for instance one a region.'),
            ...keyedBy('userPoolId'),
          }),
        tokenUse: z
          .enum(['Access', 'Id', 'Any'])
          .optional()
          .meta(note('Which tokens.', { default: 'Access' })),
        ...token,
      })
      .optional()
      .meta(note('Amazon Cognito user pools.')),
    mtls: mtls.optional().meta(note('Certificates of clients, on connections with TLS.')),
  }),
  exactlyOne(['jwt', 'cognito', 'mtls']),
)
