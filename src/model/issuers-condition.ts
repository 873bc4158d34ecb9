import type { Authorizer, Issuer } from './authorization.ts'
import { isFetched } from './key-source.ts'

/** The closed list of reasons of the condition `IssuersReachable`; docs/reasons.md is generated from it. */
export const issuersReasons = {
  IssuersReachable: 'The last fetch of the keys of every issuer went well.',
  IssuerUnreachable: 'The last fetch of the keys of some issuer failed.',
} as const

/** What only a running proxy knows of an authorizer: compile knows nothing of the network. */
export interface IssuersCondition {
  readonly type: 'IssuersReachable'
  readonly status: 'True' | 'False'
  readonly reason: keyof typeof issuersReasons
  readonly message: string
}

/** An issuer whose keys could not be fetched the last time. */
export interface IssuerTrouble {
  readonly issuer: string
  /** In a word or two. */
  readonly reason: string
  /** When the keys were fetched that are used meanwhile (milliseconds since 1970); absent: there are none. */
  readonly fetchedMs?: number
}

/** Undefined for an authorizer whose keys are not fetched at all. */
export function issuersCondition(
  { issuers, staleKeysForMs }: Authorizer,
  troubles: readonly IssuerTrouble[],
): IssuersCondition | undefined {
  if (!issuers.some(isFetched)) return undefined
  const faults = issuers.flatMap((issuer, at) => {
    const trouble = troubles.find((each) => each.issuer === issuer.issuer)
    return trouble === undefined ? [] : faultOf(issuer, at, trouble, staleKeysForMs)
  })
  const isGood = faults.length === 0
  return {
    type: 'IssuersReachable',
    status: isGood ? 'True' : 'False',
    reason: isGood ? 'IssuersReachable' : 'IssuerUnreachable',
    message: faults.join('; '),
  }
}

function faultOf(issuer: Issuer, at: number, trouble: IssuerTrouble, staleForMs: number): string {
  const where = issuer.cognito === undefined ? 'spec.jwt.issuers' : 'spec.cognito.userPools'
  const what = `the keys of "${issuer.issuer}" cannot be fetched (${trouble.reason})`
  return `${where}[${at}]: ${what}${meanwhile(trouble, staleForMs)}; see that the gateway reaches the issuer`
}

function meanwhile({ fetchedMs }: IssuerTrouble, staleForMs: number): string {
  if (fetchedMs === undefined) return ' and never were: its tokens get 503'
  return `: those of ${dateOf(fetchedMs)} verify until ${dateOf(fetchedMs + staleForMs)}`
}

const dateOf = (ms: number): string => new Date(ms).toISOString()
