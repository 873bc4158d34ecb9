import pc from 'picocolors'
import { printSourceProblem, type SourceProblem } from '../controller/sources/stock.ts'
import type { ObjectStatus } from '../model/problem.ts'
import { visible } from '../model/visible.ts'

/** Whether nothing is wrong with an object. */
export const isGood = ({ conditions }: ObjectStatus): boolean =>
  conditions.every(({ type, status }) =>
    type === 'ServingLastGood' ? status === 'False' : status === 'True',
  )

interface Style {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
}

export function styleOf(isColoured: boolean): Style {
  const { green, red } = pc.createColors(isColoured)
  return { good: green, bad: red }
}

/** A status, or a problem with a file, for people. What came from manifests moves no cursor and rings no bell. */
export function printed(what: ObjectStatus | SourceProblem, style: Style): string {
  if (!('conditions' in what)) return `${style.bad('BAD')}  ${visible(printSourceProblem(what))}`
  const lines = printStatus(what).split('\n').map(visible)
  return `${isGood(what) ? `${style.good('ok')} ` : style.bad('BAD')}  ${lines.join('\n')}`
}

/** An object and what its conditions complain of. */
export function printStatus({ kind, namespace, name, conditions }: ObjectStatus): string {
  const complaints = conditions.filter(({ type, status }) =>
    type === 'ServingLastGood' ? status === 'True' : status === 'False',
  )
  const lines = complaints.flatMap(({ type, reason, message }) =>
    message.split('\n').map((part) => `       ${type} ${reason}: ${part}`),
  )
  return [`${kind} ${namespace}/${name}`, ...lines].join('\n')
}
