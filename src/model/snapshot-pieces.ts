import type { Moment } from './push-message.ts'
import type { Rule, Snapshot } from './snapshot.ts'
import { hostMessages } from './wire.ts'

/** So many parts take about a millisecond to print. */
const atOnce = 100

/**
 * The text of the message that holds a snapshot whole, in pieces, for whoever cannot stand still while all of it is printed.
 * Joined they are read by `decodeControllerMessage`.
 */
export function* snapshotPieces({
  epoch,
  sequence,
  snapshot: { hosts, clusters, ...rest },
}: Moment & { readonly snapshot: Snapshot }): Generator<string> {
  const rules = new Map<Rule, number>()
  yield JSON.stringify({ type: 'snapshot', epoch, sequence, snapshot: rest }).slice(0, -2)
  yield ',"clusters":['
  yield* printed(clusters, (some) => some)
  yield '],"hosts":['
  yield* printed(hosts, (some) => hostMessages(some, rules))
  yield '],"rules":['
  yield* printed([...rules.keys()], (some) => some)
  yield ']}}'
}

function* printed<T>(
  list: readonly T[],
  messagesOf: (some: readonly T[]) => readonly object[],
): Generator<string> {
  for (let from = 0; from < list.length; from += atOnce) {
    const text = JSON.stringify(messagesOf(list.slice(from, from + atOnce))).slice(1, -1)
    yield from === 0 ? text : `,${text}`
  }
}
