import type { Limits } from '../../model/settings.ts'

/** Which part of what all workers together may use is this process's: one of `of`, counted from 0. */
export interface Share {
  readonly index: number
  readonly of: number
}

/** A process that is alone. */
export const whole: Share = { index: 0, of: 1 }

/**
 * This process's part of a limit. The parts of all workers add up to it, without a process asking another. A part is
 * at least 1, because a worker that refuses everything would be worse; 0 means that there is no limit and stays.
 */
export const partOf = (limit: number, { index, of }: Share): number =>
  limit === 0 ? 0 : Math.max(Math.floor(limit / of) + (index < limit % of ? 1 : 0), 1)

/** The limits that bound all workers together; the others bound one message or one process. */
export const limitsOf = (limits: Limits, share: Share): Limits =>
  share.of === 1
    ? limits
    : {
        ...limits,
        connections: partOf(limits.connections, share),
        connectionsPerClient: partOf(limits.connectionsPerClient, share),
        requestsInFlight: partOf(limits.requestsInFlight, share),
        badSignaturesPerClient: partOf(limits.badSignaturesPerClient, share),
      }
