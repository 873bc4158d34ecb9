import type { ObjectStatus } from '../model/problem.ts'

/** Whether nothing is wrong with an object. */
export const isGood = ({ conditions }: ObjectStatus): boolean =>
  conditions.every(({ type, status }) =>
    type === 'ServingLastGood' ? status === 'False' : status === 'True',
  )

/** An object and what its conditions complain of. */
export function printStatus(status: ObjectStatus): string {
  const head = `${isGood(status) ? 'ok  ' : 'BAD '} ${status.kind} ${status.namespace}/${status.name}`
  const complaints = status.conditions.filter(({ type, status: value }) =>
    type === 'ServingLastGood' ? value === 'True' : value === 'False',
  )
  return [
    head,
    ...complaints.flatMap(({ type, reason, message }) =>
      message.split('\n').map((part) => `       ${type} ${reason}: ${part}`),
    ),
  ].join('\n')
}
