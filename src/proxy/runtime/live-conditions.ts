import type { Issuer } from '../../model/snapshot.ts'
import type { LiveAuthorizer } from './authorizer.ts'
import type { KeySet } from './key-set.ts'

/** What only a running gateway can say of an object: compile knows nothing of the network. */
export interface LiveCondition {
  readonly kind: 'ApiAuthorizer'
  readonly namespace: string
  readonly name: string
  readonly type: 'IssuersReachable'
  readonly status: 'True' | 'False'
  readonly reason: 'IssuersReachable' | 'IssuerUnreachable'
  readonly message: string
}

/** They are a page of the admin port, too, so that a supervisor can ask its workers for them. */
export const conditionsPath = '/debug/conditions'

/** Whether the last fetch of keys went well, for each authorizer whose keys are fetched at all. */
export function liveConditions(authorizers: Iterable<LiveAuthorizer>): LiveCondition[] {
  return [...authorizers].flatMap(({ config, issuers }) => {
    if (!issuers.some(({ keys }) => keys.isFetched)) return []
    const faults = issuers.flatMap(({ issuer, keys }, at) =>
      keys.fault === undefined ? [] : faultOf(issuer, at, keys, config.staleKeysForMs),
    )
    const isGood = faults.length === 0
    const { namespace, name } = config
    return {
      kind: 'ApiAuthorizer',
      namespace,
      name,
      type: 'IssuersReachable',
      status: isGood ? 'True' : 'False',
      reason: isGood ? 'IssuersReachable' : 'IssuerUnreachable',
      message: faults.join('; '),
    }
  })
}

function faultOf(issuer: Issuer, at: number, keys: KeySet, staleForMs: number): string {
  const where = issuer.cognito === undefined ? 'spec.jwt.issuers' : 'spec.cognito.userPools'
  const what = `the keys of "${issuer.issuer}" cannot be fetched (${keys.fault})`
  return `${where}[${at}]: ${what}${meanwhile(keys, staleForMs)}; see that the gateway reaches the issuer`
}

function meanwhile({ saved }: KeySet, staleForMs: number): string {
  if (saved === undefined) return ' and never were: its tokens get 503'
  const { fetchedMs } = saved
  return `: those of ${dateOf(fetchedMs)} verify until ${dateOf(fetchedMs + staleForMs)}`
}

const dateOf = (ms: number): string => new Date(ms).toISOString()
