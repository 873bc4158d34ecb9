import { count, flag, list, record, text } from './decode.ts'
import type { IssuerTrouble } from './issuers-condition.ts'

/** What only a proxy knows of the objects that it serves. */
export interface ProxyReport {
  /** False: there was more than has room. What is not named then, nobody knows of. */
  readonly whole: boolean
  /** Authorizers with an issuer that has neither answered nor failed yet. */
  readonly pending: readonly string[]
  /** By authorizer; issuers that are not named are reached. */
  readonly issuers: readonly AuthorizerTrouble[]
  readonly failovers: readonly Failover[]
}

export interface AuthorizerTrouble extends IssuerTrouble {
  /** `namespace/name`. */
  readonly authorizer: string
}

/** A backend that traffic of a rule should go to first, and that has no healthy endpoint while another one has. */
export interface Failover {
  /** `namespace/name`. */
  readonly route: string
  readonly rule: string
  readonly backend: string
}

/** Shorter than any message that a controller takes of a proxy. */
const roomFor = 32 * 1024

/** As much of it as has room. */
export function bounded(report: Omit<ProxyReport, 'whole'>): ProxyReport {
  let room = roomFor
  const fitting = <T>(entries: readonly T[]): readonly T[] =>
    entries.filter((entry) => {
      room -= JSON.stringify(entry).length + 1
      return room >= 0
    })
  const issuers = fitting(report.issuers)
  const failovers = fitting(report.failovers)
  const pending = fitting(report.pending)
  return { whole: room >= 0, pending, issuers, failovers }
}

/** The fields of a report, for the decoder of the message that carries it. */
export const reportFields = {
  whole: flag,
  pending: list(text),
  issuers: list<AuthorizerTrouble>(
    record({ authorizer: text, issuer: text, reason: text }, { fetchedMs: count }),
  ),
  failovers: list<Failover>(record({ route: text, rule: text, backend: text }, {})),
} as const
