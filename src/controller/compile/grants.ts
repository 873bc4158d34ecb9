import type { Problem } from '../../model/problem.ts'
import type { ObjectRef } from '../../model/ref.ts'
import type { Lookup } from './lookup.ts'

/** Who refers: the object that the reference is written in. */
export interface Referrer {
  readonly group: string
  readonly kind: string
  readonly namespace: string
}

/** What is referred to; `group` is '' for core kinds. */
export interface Target extends ObjectRef {
  readonly group: string
}

/**
 * A reference into another namespace needs a ReferenceGrant there (Gateway API; hostile-inputs C5).
 *
 * @param where `spec.rules[0].backends[1]`
 */
export function grantProblem(
  lookup: Lookup,
  from: Referrer,
  to: Target,
  where: string,
): Problem | undefined {
  if (from.namespace === to.namespace) return undefined
  const grants = lookup.get('grants', to.namespace) ?? []
  const granted = grants.some(
    (grant) =>
      grant.from.some(
        (side) =>
          side.group === from.group && side.kind === from.kind && side.namespace === from.namespace,
      ) &&
      grant.to.some(
        (side) =>
          side.group === to.group && side.kind === to.kind && (side.name ?? to.name) === to.name,
      ),
  )
  if (granted) return undefined
  const right = `namespace "${to.namespace}" has no ReferenceGrant that lets ${from.kind} of "${from.namespace}" use it`
  return {
    reason: 'RefNotPermitted',
    path: where,
    message: `${printTarget(to)} may not be used: ${right}`,
  }
}

/** `Service "shop/orders"`. */
export const printTarget = (to: ObjectRef): string => `${to.kind} "${to.namespace}/${to.name}"`
