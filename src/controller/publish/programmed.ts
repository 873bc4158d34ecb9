import type { ObjectStatus } from '../../model/problem.ts'
import { isOlder, type Moment } from '../../model/push-message.ts'
import type { ConnectedProxy } from './publication.ts'

/** A proxy that is counted on: a Ready endpoint of the proxy Service, connected or not. */
export interface ExpectedProxy {
  readonly namespace: string
  readonly name: string
}

/** The condition `Programmed`, which only the writer can know (architecture.md, 10). */
export interface Programmed {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: 'Programmed' | 'NotAccepted' | 'Waiting' | 'NoProxies' | 'Refused'
  readonly message: string
}

const mostNamed = 5

/**
 * Whether every proxy that is counted on serves an object's generation.
 *
 * @param since when that generation was first published
 */
export function programmedOf(
  status: ObjectStatus,
  since: Moment,
  proxies: readonly ConnectedProxy[],
  expected: readonly ExpectedProxy[],
): Programmed {
  const accepted = status.conditions.find(({ type }) => type === 'Accepted')
  if (accepted?.status !== 'True')
    return {
      status: 'False',
      reason: 'NotAccepted',
      message: 'this generation is not served: see Accepted',
    }
  if (expected.length === 0)
    return {
      status: 'Unknown',
      reason: 'NoProxies',
      message: 'the proxy Service has no ready endpoints',
    }
  const byName = new Map(proxies.map((proxy) => [`${proxy.namespace}/${proxy.name}`, proxy]))
  const behind = expected.filter(
    ({ namespace, name }) => !has(byName.get(`${namespace}/${name}`), since),
  )
  if (behind.length === 0)
    return {
      status: 'True',
      reason: 'Programmed',
      message: `served by every proxy (${expected.length})`,
    }
  const refusal = behind
    .map(({ namespace, name }) => byName.get(`${namespace}/${name}`)?.refused)
    .find((refused) => refused !== undefined && !isOlder(refused.moment, since))
  if (refusal !== undefined)
    return {
      status: 'False',
      reason: 'Refused',
      message: `${namesOf(behind)}: ${refusal.problems.join('; ')}`,
    }
  return { status: 'False', reason: 'Waiting', message: `not served yet by ${namesOf(behind)}` }
}

const has = (proxy: ConnectedProxy | undefined, since: Moment): boolean =>
  proxy?.acknowledged !== undefined && !isOlder(proxy.acknowledged, since)

function namesOf(proxies: readonly ExpectedProxy[]): string {
  const named = proxies.slice(0, mostNamed).map(({ name }) => name)
  const rest = proxies.length - named.length
  return rest === 0 ? named.join(', ') : `${named.join(', ')} and ${rest} more`
}
