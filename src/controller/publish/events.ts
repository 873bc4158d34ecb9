import type { ObjectStatus } from '../../model/problem.ts'
import type { StatusCondition } from './status-conditions.ts'

/** Something that happened to an object and that `kubectl describe` should tell. */
export interface ObjectEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

export type Happened = (status: ObjectStatus, events: readonly ObjectEvent[]) => void

/** Conditions whose good state is False. */
const badWhenTrue = new Set(['ServingLastGood', 'CertificateExpiring'])
/** A proxy that is late is nothing that happened to the object. */
const passing = new Set(['Waiting', 'NoProxies', 'NotAccepted'])

/**
 * What is worth an Event when conditions change: one that turned bad, or is bad for another reason, and one that is good
 * again. An object that is good from the beginning makes none.
 */
export function eventsOf(
  before: readonly StatusCondition[],
  after: readonly StatusCondition[],
): readonly ObjectEvent[] {
  return [...after.flatMap((condition) => eventOf(condition, before)), ...ended(before, after)]
}

function eventOf(
  condition: StatusCondition,
  before: readonly StatusCondition[],
): readonly ObjectEvent[] {
  const { type, reason, message } = condition
  const known = before.find((each) => each.type === type)
  if (passing.has(reason)) return []
  if (!isBad(condition))
    return known !== undefined && isBad(known) && !passing.has(known.reason)
      ? [{ type: 'Normal', reason, message: message === '' ? `${type} again` : message }]
      : []
  const isTold = known?.reason === reason && known.message === message && isBad(known)
  return isTold ? [] : [{ type: 'Warning', reason, message }]
}

const isBad = ({ type, status }: StatusCondition): boolean =>
  status === (badWhenTrue.has(type) ? 'True' : 'False')

/** Conditions that are there only while something is wrong, and what is told when they go away. */
const good: Readonly<Record<string, Omit<ObjectEvent, 'type'>>> = {
  ServingLastGood: {
    reason: 'ServingCurrent',
    message: 'the current generation is served again',
  },
  CertificateExpiring: {
    reason: 'CertificateReplaced',
    message: 'the certificate that was to end is shown no more',
  },
}

const ended = (
  before: readonly StatusCondition[],
  after: readonly StatusCondition[],
): readonly ObjectEvent[] =>
  before.flatMap(({ type, status }): readonly ObjectEvent[] => {
    const told = status === 'True' ? good[type] : undefined
    const stays = after.some((each) => each.type === type && each.status === 'True')
    return told === undefined || stays ? [] : [{ type: 'Normal', ...told }]
  })
