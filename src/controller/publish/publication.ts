import type { ProxyReport } from '../../model/proxy-report.ts'
import type { Moment } from '../../model/push-message.ts'
import type { Snapshot } from '../../model/snapshot.ts'

/** One state of the configuration on its way to the proxies. */
export interface Publication extends Moment {
  readonly snapshot: Snapshot
  /** When the first change that it holds was seen, monotonic. */
  readonly changedMs: number
}

/** What a proxy says that it serves. */
export interface Served extends Moment {
  readonly digest: string
}

/** What is not sent since some moment, and why; what was newest before is in force. */
export interface Withheld {
  readonly since: Moment
  readonly problem: string
}

/** A proxy as the controller knows it, from its first message on until its connection is over. */
export interface ConnectedProxy {
  /** Of its Pod, or of its certificate. */
  readonly namespace: string
  readonly name: string
  readonly version: string
  readonly address: string
  /** The newest configuration that it said it has applied; undefined before the first. */
  readonly acknowledged: Served | undefined
  /** Why it refused a newer one. */
  readonly refused: { readonly moment: Moment; readonly problems: readonly string[] } | undefined
  /** What only it knows, and of which configuration; undefined before it has told, as older ones never do. */
  readonly report?: (ProxyReport & Moment & { readonly digest: string }) | undefined
}

/** Brings the newest publication to every proxy. */
export interface Publisher {
  /** Replaces what was published before; proxies that are behind get only the newest. */
  publish(publication: Publication): void
  readonly proxies: readonly ConnectedProxy[]
  readonly withheld: Withheld | undefined
}
