import type { Snapshot } from '../model/snapshot.ts'
import type { Runtime } from './runtime/runtime.ts'

/** A data plane in this process. Nothing listens before `listen`, which wants a snapshot first. */
export interface DataPlane {
  readonly runtime: Runtime
  /** Requests in flight and client connections, for metrics and readiness. */
  readonly inFlight: number
  readonly connections: number
  /** Whole or not at all: throws and keeps what it had. */
  apply(snapshot: Snapshot): void
  /** Opens the listeners; resolves with the port of the plain one, rejects with Node's error (`EADDRINUSE`). */
  listen(): Promise<number>
  /** The port of the listener with TLS, once it is open and if there is one. */
  readonly httpsPort: number | undefined
  /** Stops accepting, finishes what is in flight, at most `timeoutMs` long; what is cut then is in the log. */
  drain(timeoutMs: number): Promise<void>
  /** Why it is not ready. Empty: a snapshot is in force, the listener is open, and it is not draining. */
  readonly unready: readonly string[]
  /** Not ready at once, serve on for `drain.min`, then drain for at most `drain.timeout` (settings). */
  shutDown(): Promise<void>
  close(): void
}
