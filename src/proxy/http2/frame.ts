/** Types of frames (RFC 9113 §6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const flags = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const

/** RFC 9113 §7. */
export const errorCodes = {
  no_error: 0,
  protocol_error: 1,
  internal_error: 2,
  flow_control_error: 3,
  settings_timeout: 4,
  stream_closed: 5,
  frame_size_error: 6,
  refused_stream: 7,
  cancel: 8,
  compression_error: 9,
  connect_error: 10,
  enhance_your_calm: 11,
  inadequate_security: 12,
  http_1_1_required: 13,
} as const

export type ErrorName = keyof typeof errorCodes

/** RFC 9113 §6.5.2. */
export const settingIds = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  /** RFC 8441 §3. */
  enableConnectProtocol: 8,
} as const

/** What a client sends first (RFC 9113 §3.4). */
export const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** The window that every connection and stream begins with, and the largest there can be (RFC 9113 §6.9). */
export const initialWindow = 65_535
export const largestWindow = 2 ** 31 - 1

/** What a peer takes before it says otherwise, and the most that we ever take (RFC 9113 §4.2). */
export const frameBytes = 16_384

export const frameHeadBytes = 9
