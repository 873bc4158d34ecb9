import type { ParseFault } from '../http1/message.ts'
import type { SocketOwner } from './accept.ts'

/** What is read and thrown away behind a last word, so that a reset does not eat it. */
export const lingerBytes = 64 * 1024
export const lingerMs = 1000
/** In a drain a connection that did something this lately may still send requests: they may be on their way. */
export const lastCallMs = 1000

export const headTimeout: ParseFault = { code: 'request_timeout', reason: 'head_timeout' }

/** What a client and a listener have agreed to speak, in the words of ALPN. */
export type Protocol = 'http/1.1' | 'h2'

/** A connection of a client, whatever it speaks, as the listener sees it. */
export interface ClientConnection extends SocketOwner {
  readonly protocol: Protocol | 'websocket'
  /** Nothing is in flight. */
  readonly idle: boolean
  /** With a request, without one, or after the last one. */
  readonly state: 'active' | 'idle' | 'closing'
  /** What is in flight is the last. */
  drain(): void
  /** A drain comes to its end: what has no end of its own ends now. */
  stop(): void
  /** Closes if nothing is in flight. */
  shed(): void
  /** The time of a drain is up: what is in flight is lost, and said to be. @returns how many requests that were */
  cut(): number
  destroy(): void
}
