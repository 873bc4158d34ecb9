import type { Authorizer } from '../../model/authorization.ts'
import { type IssuersCondition, issuersCondition } from '../../model/issuers-condition.ts'
import type { AuthorizerTrouble } from '../../model/proxy-report.ts'
import { isOlder, type Moment } from '../../model/push-message.ts'
import type { ConnectedProxy } from './publication.ts'

type Report = NonNullable<ConnectedProxy['report']>

/** What has been published, and since when the generation in question was. */
export interface Published {
  readonly digest: string
  readonly since: Moment
}

/**
 * The condition `IssuersReachable` by what the proxies say: it is the one that fares worst that counts. Undefined when none of them
 * knows yet, or the keys are not fetched at all.
 */
export function reachability(
  authorizer: Authorizer,
  reports: readonly Report[],
  published: Published,
): IssuersCondition | undefined {
  const known = reports.filter((report) => isAbout(report, published) && knows(report, authorizer))
  if (known.length === 0) return undefined
  const troubles = known.flatMap(({ issuers }) =>
    issuers.filter((trouble) => trouble.authorizer === authorizer.id),
  )
  return issuersCondition(authorizer, troubles.map(printed).sort(worstFirst))
}

const isAbout = (report: Report, { digest, since }: Published): boolean =>
  report.digest === digest || !isOlder(report, since)

/** A report with no room for everything says nothing of what it does not name. */
const knows = ({ whole, pending, issuers }: Report, { id }: Authorizer): boolean =>
  !pending.includes(id) && (whole || issuers.some(({ authorizer }) => authorizer === id))

/** Reasons are a word or two; whatever else a proxy says is not repeated. */
const printed = (trouble: AuthorizerTrouble): AuthorizerTrouble =>
  /^[\w.-]{1,64}$/.test(trouble.reason) ? trouble : { ...trouble, reason: 'failed' }

/** Without keys, then with the oldest. The same whatever order the proxies are in. */
const worstFirst = (a: AuthorizerTrouble, b: AuthorizerTrouble): number =>
  (a.fetchedMs ?? 0) - (b.fetchedMs ?? 0) || (a.reason < b.reason ? -1 : 1)
