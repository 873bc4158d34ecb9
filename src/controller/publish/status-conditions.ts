import { certificateCondition } from '../../model/certificate-condition.ts'
import type { ObjectStatus } from '../../model/problem.ts'
import { apiTime } from './api-objects.ts'
import type { LiveCondition } from './fleet-reports.ts'
import type { Programmed } from './programmed.ts'

/** A condition as it stands in `status.conditions` (meta/v1). */
export interface StatusCondition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly observedGeneration: number
  readonly lastTransitionTime: string
}

/** What is known of an object beside what compile said. */
interface Known {
  readonly programmed: Programmed
  readonly live: LiveCondition
  /** What is written on it now. */
  readonly known: readonly StatusCondition[]
}

/** All that should stand on an object. */
export const conditionsOf = (
  status: ObjectStatus,
  { programmed, live, known }: Known,
  nowWallMs: number,
): readonly StatusCondition[] =>
  [
    ...status.conditions,
    programmedNow(status, programmed, known),
    ...liveNow(status, live, known),
    ...certificateNow(status, nowWallMs),
  ].map(({ type, status: value, reason, message, observedGeneration }) => ({
    type,
    status: value,
    reason,
    message,
    observedGeneration,
    lastTransitionTime: timeOf(known, type, value) ?? apiTime(nowWallMs),
  }))

type Unstamped = Omit<StatusCondition, 'lastTransitionTime'>

/** Once served, a generation stays Programmed: scaling out does not unset it. */
function programmedNow(
  { generation }: ObjectStatus,
  programmed: Programmed,
  known: readonly StatusCondition[],
): Unstamped {
  const before = known.find(({ type }) => type === 'Programmed')
  const stays =
    before?.status === 'True' &&
    before.observedGeneration === generation &&
    programmed.reason !== 'NotAccepted'
  return stays ? before : { type: 'Programmed', observedGeneration: generation, ...programmed }
}

/** What nobody can tell yet stays as it was. */
const liveNow = (
  { generation }: ObjectStatus,
  live: LiveCondition,
  known: readonly StatusCondition[],
): readonly Unstamped[] =>
  live === 'none'
    ? []
    : live === 'unknown'
      ? known.filter(({ type }) => type === 'IssuersReachable')
      : [{ observedGeneration: generation, ...live }]

const certificateNow = (
  { certificate, generation }: ObjectStatus,
  nowWallMs: number,
): readonly Unstamped[] => {
  const condition = certificateCondition(certificate, nowWallMs)
  return condition === undefined ? [] : [{ observedGeneration: generation, ...condition }]
}

/** The time of the last transition stays while the status does (API conventions, `lastTransitionTime`). */
const timeOf = (
  known: readonly StatusCondition[],
  type: string,
  status: string,
): string | undefined =>
  known.find((condition) => condition.type === type && condition.status === status)
    ?.lastTransitionTime

/** Every condition that we may write. What others write beside them is theirs (C13). */
const ours = new Set([
  'Accepted',
  'ResolvedRefs',
  'ServingLastGood',
  'Programmed',
  'IssuersReachable',
  'CertificateExpiring',
])

export const isSame = (a: readonly StatusCondition[], b: readonly StatusCondition[]): boolean =>
  textOf(a) === textOf(b)

const textOf = (conditions: readonly StatusCondition[]): string =>
  JSON.stringify(
    conditions
      .filter(({ type }) => ours.has(type))
      .map(fieldsOf)
      .sort(),
  )

const fieldsOf = ({ type, status, reason, message, observedGeneration }: StatusCondition): string =>
  JSON.stringify([type, status, reason, message, observedGeneration])
