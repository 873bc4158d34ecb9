import { z } from 'zod'
import { notEmpty } from './checks.ts'
import { line, reference } from './fields.ts'
import { note } from './notes.ts'

/** Certificates of authorities, which are no secret: a ConfigMap as a rule. */
const caRef = z.strictObject({
  ...reference,
  kind: z
    .enum(['ConfigMap', 'Secret'])
    .optional()
    .meta(note('Kind of the object.', { default: 'ConfigMap' })),
  key: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[-._a-zA-Z0-9]+$/, 'must be a key of a ConfigMap or Secret')
    .optional()
    .meta(note('Key in it, whose value is PEM.', { default: 'ca.crt' })),
})

/** A certificate and its key. */
const pairRef = z.strictObject(reference)

const clientCertificate = z.strictObject({
  mode: z
    .enum(['Require', 'Optional'])
    .meta(note('Require: nobody gets in without one. Optional: one that is shown must be good.')),
  caRefs: z
    .array(caRef)
    .min(1)
    .max(8)
    .meta(note('Authorities of whose certificates one is wanted, each a PEM bundle.')),
})

/** `tls` of a route: of the hosts that it names. */
export const routeTls = notEmpty(
  z.strictObject({
    secretRef: pairRef.optional().meta(
      note('A Secret of type kubernetes.io/tls: the certificate and its key, rotated live.', {
        absent: 'the default certificate of the gateway',
      }),
    ),
    minVersion: z
      .enum(['1.2', '1.3'])
      .optional()
      .meta(note('Oldest version of TLS.', { default: '1.2' })),
    plaintext: z
      .enum(['Redirect', 'Allow', 'Deny'])
      .optional()
      .meta(
        note('What a request without TLS gets: 308 to https, an answer, or 403.', {
          default: 'Redirect',
        }),
      ),
    clientCertificate: clientCertificate
      .optional()
      .meta(note('Certificates of clients.', { absent: 'none is asked for' })),
  }),
)

/** `tls` of a backend. Verification cannot be switched off. */
export const backendTls = notEmpty(
  z.strictObject({
    serverName: line(253)
      .optional()
      .meta(
        note('Name that is asked for (SNI) and that the certificate must be of.', {
          absent: 'the host of url; required with service',
        }),
      ),
    caRef: caRef.optional().meta(
      note('Authorities that its certificate must come from, a PEM bundle.', {
        absent: 'the public authorities',
      }),
    ),
    clientCertificateRef: pairRef.optional().meta(
      note('A Secret of type kubernetes.io/tls: the certificate that the gateway shows.', {
        absent: 'none',
      }),
    ),
  }),
)
