/** Names one object. `text` forms are `Kind namespace/name`, used in messages and statuses. */
export interface ObjectRef {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** `ApiRoute shop/orders`, or `ApiRegion us-east-1` for an object without namespace. */
export const printRef = (ref: ObjectRef): string =>
  ref.namespace === '' ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`
