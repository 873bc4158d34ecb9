import { z } from 'zod'
import type { Note } from '../../src/controller/api/notes.ts'

/** What `z.toJSONSchema` makes of the schemas in src/controller/api, with their metadata in it. */
export interface Noted {
  readonly description?: string
  readonly note?: Note
  /** `duration` and `bytes` are texts with a form of their own. */
  readonly form?: 'duration' | 'bytes'
  /** The longest duration, where it is not 24h. */
  readonly longest?: string
  /** Bounds of a quantity, as they would be written. */
  readonly least?: string
  readonly most?: string
  /** Lists of fields of which exactly one is wanted. */
  readonly choices?: readonly (readonly string[])[]
  readonly type?: string
  readonly properties?: Readonly<Record<string, Noted>>
  readonly required?: readonly string[]
  readonly items?: Noted
  readonly anyOf?: readonly Noted[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minProperties?: number
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-validations'?: readonly {
    readonly rule: string
    readonly message: string
  }[]
}

/** The schema of what is written, before any transformation. */
export const notedOf = (schema: z.ZodType): Noted =>
  z.toJSONSchema(schema, { io: 'input' }) as Noted
