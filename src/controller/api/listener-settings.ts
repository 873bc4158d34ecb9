import { z } from 'zod'
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
    })
    .optional()
    .meta(note('The port without TLS.')),
})
