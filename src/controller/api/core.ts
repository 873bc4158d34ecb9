import { z } from 'zod'
import { objectName } from './fields.ts'

/** Objects of Kubernetes itself: read leniently, as far as compile needs them, and bounded. */
const labels = z.record(z.string().max(317), z.string().max(262_144)).nullish()

export const metadata = z.object({
  name: objectName,
  namespace: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be the name of a namespace')
    .optional(),
  uid: z.string().max(128).optional(),
  generation: z.int().min(0).optional(),
  creationTimestamp: z
    .union([z.string().max(64), z.date().transform((date) => date.toISOString())])
    .nullish(),
  labels,
  annotations: labels,
  ownerReferences: z
    .array(
      z.object({
        kind: z.string().max(128),
        name: z.string().max(253),
        uid: z.string().max(128).default(''),
      }),
    )
    .max(32)
    .nullish(),
})

const targetPort = z.union([z.int().min(0).max(65_535), z.string().max(63)])

export const service = z.object({
  spec: z.object({
    type: z.string().max(32).nullish(),
    selector: z.record(z.string(), z.string()).nullish(),
    ports: z
      .array(
        z.object({
          name: z.string().max(63).nullish(),
          port: z.int().min(1).max(65_535),
          protocol: z.string().max(8).nullish(),
          targetPort: targetPort.nullish(),
          appProtocol: z.string().max(128).nullish(),
        }),
      )
      .max(256)
      .nullish(),
  }),
})

export const endpointSlice = z.object({
  addressType: z.string().max(16),
  ports: z
    .array(
      z.object({
        name: z.string().max(63).nullish(),
        port: z.int().min(0).max(65_535).nullish(),
        protocol: z.string().max(8).nullish(),
      }),
    )
    .max(100)
    .nullish(),
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string().max(64)).max(100),
        conditions: z
          .object({
            ready: z.boolean().nullish(),
            serving: z.boolean().nullish(),
            terminating: z.boolean().nullish(),
          })
          .nullish(),
        hints: z
          .object({
            forZones: z
              .array(z.object({ name: z.string().max(128) }))
              .max(64)
              .nullish(),
          })
          .nullish(),
      }),
    )
    .max(1000)
    .nullish(),
})

const data = z.record(z.string().max(253), z.string().max(1_500_000)).nullish()

export const secret = z.object({ type: z.string().max(253).nullish(), data, stringData: data })
export const configMap = z.object({ data })

const to = z.object({
  group: z.string().max(253),
  kind: z.string().max(63),
  name: z.string().max(253).nullish(),
})
const from = z.object({
  group: z.string().max(253),
  kind: z.string().max(63),
  namespace: z.string().max(63),
})
export const referenceGrant = z.object({
  spec: z.object({ from: z.array(from).max(64), to: z.array(to).max(64) }),
})
