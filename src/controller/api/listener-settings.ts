import { z } from 'zod'
import { cidrs } from './cidr-field.ts'
import { objectName } from './fields.ts'
import { note } from './notes.ts'

const proxyProtocolFrom = cidrs
  .optional()
  .meta(
    note(
      'Proxies in front that begin each connection with a header of the PROXY protocol, version 1 or 2. From them it is required, from others it is refused.',
      { default: [] },
    ),
  )

/** What the ports for clients speak. */
export const listeners = z.strictObject({
  http: z
    .strictObject({
      h2c: z
        .boolean()
        .optional()
        .meta(
          note(
            'Whether clients may speak HTTP/2 without TLS, by prior knowledge: for proxies in front that end TLS. HTTP/1.1 is spoken all the same.',
            { default: false },
          ),
        ),
      proxyProtocolFrom,
    })
    .optional()
    .meta(note('The port without TLS.')),
  https: z
    .strictObject({
      proxyProtocolFrom,
      defaultCertificate: z
        .strictObject({
          namespace: objectName.meta(note('Namespace of the Secret.')),
          name: objectName.meta(note('Name of the Secret.')),
        })
        .optional()
        .meta(
          note(
            'A Secret of type kubernetes.io/tls, shown where no host has a certificate of its own.',
            {
              absent: 'such handshakes are refused',
            },
          ),
        ),
      minVersion: z
        .enum(['1.2', '1.3'])
        .optional()
        .meta(
          note('Oldest version of TLS for hosts without one of their own.', { default: '1.2' }),
        ),
    })
    .optional()
    .meta(note('The listener with TLS (--https).')),
})
