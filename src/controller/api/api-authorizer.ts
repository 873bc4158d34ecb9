import { z } from 'zod'
import { duration, hasOne, headerName, line, port, positiveDuration, reference } from './fields.ts'
import { claims, wanted } from './tokens.ts'

const from = z
  .strictObject({
    header: headerName.optional().describe('A header.'),
    scheme: z
      .string()
      .max(32)
      .regex(/^[A-Za-z][A-Za-z0-9-]*$/, 'must be an authentication scheme')
      .optional()
      .describe('Scheme in the header. Default Bearer for Authorization.'),
    cookie: line(128).optional().describe('A cookie.'),
    query: line(128).optional().describe('A query parameter.'),
  })
  .refine(hasOne('header', 'cookie', 'query'), 'must have exactly one of header, cookie, query')
  .refine(
    (value) => value.scheme === undefined || value.header !== undefined,
    'must not have scheme without header',
  )

const forward = z.strictObject({
  headers: z
    .array(z.strictObject({ header: headerName, claim: line(128) }))
    .max(32)
    .optional()
    .describe('Claims that the backend gets as headers.'),
  claimsHeader: headerName.optional().describe('A header with all claims as base64url JSON.'),
  token: z
    .enum(['Remove', 'Keep'])
    .optional()
    .describe('Whether the backend gets the credential. Default Remove.'),
})

const token = {
  from: z
    .array(from)
    .min(1)
    .max(8)
    .optional()
    .describe(
      'Where the credential is; the first that is present is used. Default the Authorization header with scheme Bearer.',
    ),
  clockSkew: duration
    .optional()
    .describe('Allowed difference of clocks, at most 60s. Default 30s.'),
  claims: claims.optional().describe('Claims that every token must have.'),
  groups: wanted.optional().describe('Groups that every token must have.'),
  forward: forward.optional().describe('What the backend gets to know.'),
  staleKeysFor: positiveDuration
    .optional()
    .describe(
      'How long keys verify after their last fetch while the issuer cannot be reached. Default 24h.',
    ),
}

const keyRef = z.strictObject({
  ...reference,
  key: line(253).optional().describe('Key of the data. Default jwks.json.'),
})

const jwks = z
  .strictObject({
    service: z
      .strictObject({
        ...reference,
        port,
        path: line(1024).optional().describe('Default /.well-known/jwks.json.'),
      })
      .optional()
      .describe('A Service that serves the key set.'),
    configMapRef: keyRef.optional().describe('A ConfigMap that holds it.'),
    secretRef: keyRef.optional().describe('A Secret that holds it.'),
    inline: z.string().min(2).max(65_536).optional().describe('The key set itself (RFC 7517).'),
  })
  .refine(
    hasOne('service', 'configMapRef', 'secretRef', 'inline'),
    'must have exactly one of service, configMapRef, secretRef, inline',
  )

const algorithm = z.enum([
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
])

const issuer = z
  .strictObject({
    issuer: line(2048).describe('Compared with `iss` to the letter.'),
    audiences: z
      .array(line(512))
      .min(1)
      .max(64)
      .optional()
      .describe('Accepted audiences: aud, or client_id where the token has none.'),
    anyAudience: z.literal(true).optional().describe('Every audience is accepted.'),
    jwksUri: line(2048).optional().describe('Where the keys are. Default: OpenID discovery.'),
    jwks: jwks.optional().describe('The keys, from inside the cluster.'),
    algorithms: z
      .array(algorithm)
      .min(1)
      .max(10)
      .optional()
      .describe('Accepted algorithms. Default: all but the symmetric ones.'),
    type: line(64).optional().describe('Required value of typ, such as at+jwt.'),
  })
  .refine(
    hasOne('audiences', 'anyAudience'),
    'must have exactly one of audiences, anyAudience: true',
  )
  .refine(
    (value) => value.jwks === undefined || value.jwksUri === undefined,
    'must not have both jwks and jwksUri',
  )

const userPool = z.strictObject({
  region: z
    .string()
    .max(32)
    .regex(/^[a-z]{2}(-[a-z]+)+-[0-9]$/, 'must be an AWS region such as eu-west-1')
    .describe('Region of the pool.'),
  userPoolId: z
    .string()
    .max(64)
    .regex(
      /^[a-z]{2}(-[a-z]+)+-[0-9]_[A-Za-z0-9]+$/,
      'must be a user pool id such as eu-west-1_AbCdEf',
    )
    .describe('Id of the pool.'),
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
    .describe('Accepted app clients.'),
})

/** `spec` of an ApiAuthorizer (api.md): exactly one kind. */
export const authorizerSpec = z
  .strictObject({
    jwt: z
      .strictObject({
        issuers: z
          .array(issuer)
          .min(1)
          .max(16)
          .describe("Accepted issuers; the token's iss picks one."),
        ...token,
      })
      .optional()
      .describe('JSON Web Tokens (RFC 7519).'),
    cognito: z
      .strictObject({
        userPools: z
          .array(userPool)
          .min(1)
          .max(16)
          .describe('Accepted user pools, for instance one a region.'),
        tokenUse: z
          .enum(['Access', 'Id', 'Any'])
          .optional()
          .describe('Which tokens. Default Access.'),
        ...token,
      })
      .optional()
      .describe('Amazon Cognito user pools.'),
  })
  .refine(hasOne('jwt', 'cognito'), 'must have exactly one of jwt, cognito')
