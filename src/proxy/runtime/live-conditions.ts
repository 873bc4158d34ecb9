import { type IssuersCondition, issuersCondition } from '../../model/issuers-condition.ts'
import type { AuthorizerTrouble } from '../../model/proxy-report.ts'
import type { LiveAuthorizer } from './authorizer.ts'

/** What only a running gateway can say of an object. */
export interface LiveCondition extends IssuersCondition {
  readonly kind: 'ApiAuthorizer'
  readonly namespace: string
  readonly name: string
}

/** They are a page of the admin port, too, so that a supervisor can ask its workers for them. */
export const conditionsPath = '/debug/conditions'

/** Whether the last fetch of keys went well, for each authorizer whose keys are fetched at all, and were once. */
export function liveConditions(authorizers: Iterable<LiveAuthorizer>): LiveCondition[] {
  return [...authorizers].flatMap((authorizer) => {
    const { config } = authorizer
    const { namespace, name } = config
    const condition = issuersCondition(config, troublesOf(authorizer))
    if (condition === undefined || isPending(authorizer)) return []
    return { kind: 'ApiAuthorizer', namespace, name, ...condition }
  })
}

/** Some issuer has neither answered nor failed yet. */
export const isPending = ({ issuers }: LiveAuthorizer): boolean =>
  issuers.some(({ keys }) => keys.isFetched && !keys.isTried)

export const troublesOf = ({ config, issuers }: LiveAuthorizer): readonly AuthorizerTrouble[] =>
  issuers.flatMap(({ issuer, keys: { fault, saved } }) => {
    if (fault === undefined) return []
    const fetched = saved !== undefined && { fetchedMs: saved.fetchedMs }
    return { authorizer: config.id, issuer: issuer.issuer, reason: fault, ...fetched }
  })
