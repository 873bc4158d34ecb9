import { z } from 'zod'
import { cidrs } from './cidr-field.ts'
import { note } from './notes.ts'

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
      proxyProtocolFrom: cidrs
        .optional()
        .meta(
          note(
            'Proxies in front that begin each connection with a header of the PROXY protocol, version 1 or 2. From them it is required, from others it is refused.',
            { default: [] },
          ),
        ),
    })
    .optional()
    .meta(note('The port without TLS.')),
})
