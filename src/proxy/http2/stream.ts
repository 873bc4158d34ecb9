import type { HeaderList } from '../http1/header-list.ts'

/** Who has a stream: what its peer says on it. */
export interface StreamOwner {
  /** A part of the message, borrowed. The window opens again as the owner says `consumed`. */
  data(bytes: Buffer, start: number, end: number): void
  /** The peer's message is complete. */
  ended(trailers: HeaderList | undefined): void
  /** The stream is over before both messages were: nothing more can be said on it. Called once, last. */
  reset(): void
  /** More can be sent. */
  writable(): void
  /** All of our message has been handed to the kernel. */
  left(): void
  /** A drain comes to its end: what has no end of its own has to end now. */
  stopped(): void
  /** The time of a drain is up: what is lost now, is lost by it. */
  cut?(): void
}

/** What a session knows of one stream (RFC 9113 §5.1). */
export interface Stream<Owner extends StreamOwner = StreamOwner> {
  readonly id: number
  owner: Owner | undefined
  /** Bytes that the peer takes, and that it may send. Ours may get below 0 by a setting (RFC 9113 §6.9.2). */
  sendWindow: number
  receiveWindow: number
  /** Bytes that the owner was given and has not consumed, and consumed ones that the peer was not told of. */
  unconsumed: number
  owed: number
  /** Bytes that are still to come by Content-Length; -1 without one. */
  expected: number
  /** Opened by CONNECT: one direction goes on without the other, and all there is is DATA (RFC 9113 §8.5). */
  isTunnel: boolean
  isRemoteOver: boolean
  isLocalOver: boolean
  /** Copies of what the windows did not let out, in order. */
  queue: Buffer[] | undefined
  queued: number
  /** END_STREAM follows what is queued: alone, or with trailers. */
  ending: boolean
  trailers: HeaderList | undefined
  /** Since when it has waited for a window, drops of one aside; and the bytes that such have let out. */
  stalledSinceMs: number
  dripped: number
}

export const newStream = <Owner extends StreamOwner = StreamOwner>(
  id: number,
  sendWindow: number,
  receiveWindow: number,
): Stream<Owner> => ({
  id,
  owner: undefined,
  sendWindow,
  receiveWindow,
  unconsumed: 0,
  owed: 0,
  expected: -1,
  isTunnel: false,
  isRemoteOver: false,
  isLocalOver: false,
  queue: undefined,
  queued: 0,
  ending: false,
  trailers: undefined,
  stalledSinceMs: 0,
  dripped: 0,
})
