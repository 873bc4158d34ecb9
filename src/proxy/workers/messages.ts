import type { Samples } from '../../base/metric-sum.ts'
import type { Ejection, ProbeReport } from '../runtime/health-link.ts'

/** What a supervisor says to a worker. Both are the same program of the same version. */
export type ToWorker =
  | {
      readonly kind: 'start'
      /** From 1 to `of`; a replacement takes the number of the worker before it. */
      readonly worker: number
      readonly of: number
      readonly snapshot: string
      readonly reports: readonly ProbeReport[]
    }
  | { readonly kind: 'snapshot'; readonly text: string }
  | { readonly kind: 'probed'; readonly report: ProbeReport }
  | { readonly kind: 'ejected'; readonly ejection: Ejection }
  | { readonly kind: 'question'; readonly id: number; readonly question: Question }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'stop' }

/** A page of the admin port, or what `/metrics` is made of. */
export type Question =
  | { readonly kind: 'page'; readonly path: string; readonly query: string }
  | { readonly kind: 'samples' }

export interface Page {
  readonly path: string
  readonly what: string
}

/** What a worker says to its supervisor. */
export type FromWorker =
  | { readonly kind: 'hello' }
  | {
      readonly kind: 'listening'
      readonly port: number
      /** Absent: there is no listener with TLS. */
      readonly httpsPort?: number
      readonly pages: readonly Page[]
    }
  | { readonly kind: 'failed'; readonly fault: StartFault }
  | { readonly kind: 'applied' }
  | { readonly kind: 'refused'; readonly problem: string }
  | { readonly kind: 'ejected'; readonly ejection: Ejection }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  /** The event loop has turned. */
  | { readonly kind: 'turned' }

export type Answer =
  | { readonly kind: 'page'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'samples'; readonly samples: Samples }

/** Why a worker cannot begin: what Node says of a port or a file. */
export interface StartFault {
  readonly code: string | undefined
  readonly port: number | undefined
  readonly path: string | undefined
  readonly message: string
}

/** How often a worker says that its loop turns. */
export const turnMs = 5000
