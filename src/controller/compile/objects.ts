import { compareTexts } from './order.ts'
import type { Meta } from './world.ts'

/** `namespace/name`. */
export const keyOf = ({ meta }: { readonly meta: Meta }): string => `${meta.namespace}/${meta.name}`

export const compareObjects = (a: { readonly meta: Meta }, b: { readonly meta: Meta }): number =>
  compareTexts(a.meta.namespace, b.meta.namespace) || compareTexts(a.meta.name, b.meta.name)
