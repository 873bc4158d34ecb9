import type { ObjectStatus } from '../../model/problem.ts'
import { isOlder, type Moment } from '../../model/push-message.ts'
import type { ConnectedProxy, Withheld } from './publication.ts'

/** A proxy that is counted on: a Ready endpoint of the proxy Service, connected or not. */
export interface ExpectedProxy {
  readonly namespace: string
  readonly name: string
}

/** The closed list of reasons of the condition `Programmed`; docs/reasons.md is generated from it. */
export const programmedReasons = {
  Programmed: 'Every proxy that is counted on serves this generation.',
  Waiting: 'Some proxy does not serve this generation yet.',
  Refused: 'A proxy refused the configuration, and serves the one before.',
  TooLarge: 'The configuration is too large to be sent; the one before is served.',
  NoProxies: 'The Service of the proxies has no ready endpoints.',
  NotAccepted: 'This generation is not served at all.',
} as const

/** The condition `Programmed`, which only the writer can know (architecture.md, 10). */
export interface Programmed {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: keyof typeof programmedReasons
  readonly message: string
}

const mostNamed = 5

/** The proxies that are counted on, each with what is known of it: looked up once for many objects. */
export interface Fleet {
  readonly members: readonly Member[]
  /** What every one of them serves at least; undefined when one has not said. */
  readonly serves: Moment | undefined
  /** What proxies are not sent at all. */
  readonly withheld: Withheld | undefined
}

interface Member extends ExpectedProxy {
  readonly connected: ConnectedProxy | undefined
}

export function fleetOf(
  expected: readonly ExpectedProxy[],
  proxies: readonly ConnectedProxy[],
  withheld?: Withheld,
): Fleet {
  const byName = new Map(proxies.map((proxy) => [`${proxy.namespace}/${proxy.name}`, proxy]))
  const members = expected.map(({ namespace, name }) => ({
    namespace,
    name,
    connected: byName.get(`${namespace}/${name}`),
  }))
  return {
    members,
    serves: members.map(({ connected }) => connected?.acknowledged).reduce(older, latest),
    withheld,
  }
}

const latest: Moment | undefined = { epoch: Number.POSITIVE_INFINITY, sequence: 0 }

const older = (a: Moment | undefined, b: Moment | undefined): Moment | undefined =>
  a === undefined || b === undefined ? undefined : isOlder(a, b) ? a : b

/**
 * Whether every proxy that is counted on serves an object's generation.
 *
 * @param since when that generation was first published
 */
export function programmedOf(status: ObjectStatus, since: Moment, fleet: Fleet): Programmed {
  const accepted = status.conditions.find(({ type }) => type === 'Accepted')
  if (accepted?.status !== 'True') return notAccepted
  const { members, serves, withheld } = fleet
  if (withheld !== undefined && !isOlder(since, withheld.since))
    return { status: 'False', reason: 'TooLarge', message: withheld.problem }
  if (members.length === 0) return noProxies
  if (serves !== undefined && !isOlder(serves, since))
    return {
      status: 'True',
      reason: 'Programmed',
      message: `served by every proxy (${members.length})`,
    }
  return behind(
    members.filter(({ connected }) => !has(connected, since)),
    since,
  )
}

const notAccepted: Programmed = {
  status: 'False',
  reason: 'NotAccepted',
  message: 'this generation is not served: see Accepted',
}

const noProxies: Programmed = {
  status: 'Unknown',
  reason: 'NoProxies',
  message: 'the proxy Service has no ready endpoints',
}

function behind(members: readonly Member[], since: Moment): Programmed {
  const refusal = members
    .map(({ connected }) => connected?.refused)
    .find((refused) => refused !== undefined && !isOlder(refused.moment, since))
  return refusal === undefined
    ? { status: 'False', reason: 'Waiting', message: `not served yet by ${namesOf(members)}` }
    : {
        status: 'False',
        reason: 'Refused',
        message: `${namesOf(members)}: ${refusal.problems.join('; ')}`,
      }
}

const has = (proxy: ConnectedProxy | undefined, since: Moment): boolean =>
  proxy?.acknowledged !== undefined && !isOlder(proxy.acknowledged, since)

function namesOf(proxies: readonly ExpectedProxy[]): string {
  const named = proxies.slice(0, mostNamed).map(({ name }) => name)
  const rest = proxies.length - named.length
  return rest === 0 ? named.join(', ') : `${named.join(', ')} and ${rest} more`
}
