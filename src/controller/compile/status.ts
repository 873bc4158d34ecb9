import type { RouteCertificate } from '../../model/certificate.ts'
import type { Condition, ObjectStatus, Problem, Reason } from '../../model/problem.ts'
import { printProblem } from '../../model/problem.ts'
import type { Subject } from './drafts.ts'

/** Reasons that speak of what an object refers to; all others are about the object itself. */
const referenceReasons: ReadonlySet<Reason> = new Set<Reason>([
  'BackendNotFound',
  'AuthorizerNotFound',
  'RefNotFound',
  'RefInvalid',
  'RefNotPermitted',
  'UnsupportedBackend',
])

/** Problems told in full in one condition; the API server refuses messages over 32 KiB. */
const mostProblems = 16

/** The conditions of one object. No times and no `Programmed`: the writer adds them. */
export function statusOf(
  { kind, meta, rules, lastGood }: Subject,
  problems: readonly Problem[],
  certificate?: RouteCertificate,
): ObjectStatus {
  const own = problems.filter(({ reason }) => !referenceReasons.has(reason))
  const references = problems.filter(({ reason }) => referenceReasons.has(reason))
  const condition = conditionFor(meta.generation)
  const { namespace, name, uid, generation } = meta
  const conditions =
    problems.length === 0 && lastGood === undefined
      ? nothingWrong(generation)
      : Object.freeze([
          condition('Accepted', 'Accepted', own),
          condition('ResolvedRefs', 'ResolvedRefs', references),
          ...(lastGood === undefined ? [] : [servingLastGood(generation, lastGood)]),
        ])
  return Object.freeze({
    kind,
    namespace,
    name,
    uid,
    generation,
    ...(rules !== undefined && { rules }),
    ...(certificate && { certificate }),
    conditions,
  })
}

/** Most objects are of a low generation, and most have no problem: what is said of them is one list. */
const goodConditions: (readonly Condition[])[] = []

function nothingWrong(generation: number): readonly Condition[] {
  const condition = conditionFor(generation)
  const make = () =>
    Object.freeze([
      condition('Accepted', 'Accepted', []),
      condition('ResolvedRefs', 'ResolvedRefs', []),
    ])
  if (generation < 0 || generation >= mostShared) return make()
  return (goodConditions[generation] ??= make())
}

const mostShared = 1000

const conditionFor =
  (observedGeneration: number) =>
  (type: 'Accepted' | 'ResolvedRefs', good: Reason, problems: readonly Problem[]): Condition => {
    const first = problems[0]
    if (first === undefined)
      return Object.freeze({ type, status: 'True', reason: good, observedGeneration, message: '' })
    const worst = problems.find(({ reason }) => reason === 'AuthorizerNotFound') ?? first
    return Object.freeze({
      type,
      status: 'False',
      // Of a missing backend others may take the place; without its authorizer a rule lets nobody in.
      reason: worst.reason,
      observedGeneration,
      message: messageOf(problems),
    })
  }

function messageOf(problems: readonly Problem[]): string {
  const told = problems.slice(0, mostProblems).map(printProblem)
  const rest = problems.length - told.length
  return rest === 0 ? told.join('\n') : [...told, `and ${rest} more`].join('\n')
}

const servingLastGood = (observedGeneration: number, served: number): Condition =>
  Object.freeze({
    type: 'ServingLastGood',
    status: 'True',
    reason: 'ServingLastGood',
    observedGeneration,
    message: `generation ${served} is served until the faults are corrected`,
  })
