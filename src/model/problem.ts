import type { RouteCertificate } from './certificate.ts'
import { visible } from './visible.ts'

/**
 * The closed list of condition reasons. `docs/reasons.md` is generated from it and each one
 * occurs in some golden `status.yaml`.
 */
export const reasons = {
  Accepted: 'The object is valid.',
  Invalid: 'A field has a value that cannot be served.',
  Conflicted: 'Another rule with the same hostname and match came first.',
  HostnameNotOwned: 'The hostname belongs to another namespace.',
  NotPermitted: 'A guardrail of the platform forbids it.',
  ResolvedRefs: 'All that the object names exists and may be used.',
  BackendNotFound: 'A Service or one of its ports does not exist.',
  AuthorizerNotFound: 'An ApiAuthorizer does not exist or cannot be used.',
  RefNotFound: 'A Secret or ConfigMap, or a key of it, does not exist.',
  RefInvalid: 'A Secret or ConfigMap does not hold what the reference needs.',
  RefNotPermitted: 'The other namespace does not grant the reference.',
  UnsupportedBackend: 'A backend is of a kind or at an address that is refused.',
  ServingLastGood: 'The current generation is broken; an earlier one is served.',
} as const

export type Reason = keyof typeof reasons

/**
 * A fault in what a user wrote. It lives on the draft it spoils and becomes a condition.
 * `message` says where, what, and what would be right.
 */
export interface Problem {
  readonly reason: Reason
  /** `spec.rules[0].backends[1]`; '' for the object as a whole. */
  readonly path: string
  readonly message: string
}

/** `spec.rules[0].backends[1]: Service "shop/orders" has no port 8080; it has 80, 8443`. */
export const printProblem = ({ path, message }: Problem): string =>
  visible(path === '' ? message : `${path}: ${message}`)

export type ConditionType = 'Accepted' | 'ResolvedRefs' | 'ServingLastGood'

/** A Kubernetes condition without times: the writer stamps them, compile has no clock. */
export interface Condition {
  readonly type: ConditionType
  readonly status: 'True' | 'False'
  readonly reason: Reason
  readonly observedGeneration: number
  readonly message: string
}

export interface ObjectStatus {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  /** How many an ApiRoute has, for the column that cannot count them. */
  readonly rules?: number
  /** What `tls.secretRef` of an ApiRoute came to: whether it ends soon is for those to say who have a clock. */
  readonly certificate?: RouteCertificate
  readonly conditions: readonly Condition[]
}
