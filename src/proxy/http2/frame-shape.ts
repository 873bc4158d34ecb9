import { flags as bits, type ErrorName, frameTypes } from './frame.ts'
import type { FrameHead } from './frame-reader.ts'

/** Why a frame cannot be one of its type: by its stream and its length alone (RFC 9113 §6). */
export function shapeFault({ type, stream, length, flags }: FrameHead): ErrorName | undefined {
  switch (type) {
    case frameTypes.priority:
      return ofStream(stream) ?? sized(length === 5)
    case frameTypes.reset:
      return ofStream(stream) ?? sized(length === 4)
    case frameTypes.settings:
      return (
        ofConnection(stream) ?? sized((flags & bits.ack) === 0 ? length % 6 === 0 : length === 0)
      )
    case frameTypes.ping:
      return ofConnection(stream) ?? sized(length === 8)
    case frameTypes.goAway:
      return ofConnection(stream) ?? sized(length >= 8)
    case frameTypes.windowUpdate:
      return sized(length === 4)
    default:
      return undefined
  }
}

const ofStream = (stream: number) => (stream === 0 ? 'protocol_error' : undefined)
const ofConnection = (stream: number) => (stream === 0 ? undefined : 'protocol_error')
const sized = (isRight: boolean) => (isRight ? undefined : 'frame_size_error')
