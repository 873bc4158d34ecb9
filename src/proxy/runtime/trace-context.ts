const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?$/

/**
 * The trace id of a `traceparent`, or undefined when it is malformed: then the trace begins anew
 * (W3C Trace Context §3.2). Versions to come are read by what they have in common with version 00.
 */
export function traceIdOf(traceparent: string): string | undefined {
  const found = form.exec(traceparent)
  if (found === null || (traceparent.startsWith('00') && found[3] !== undefined)) return undefined
  return found[1]
}

/** Whether the caller has decided to record the trace; false for what is malformed. */
export function isSampled(traceparent: string | undefined): boolean {
  if (traceparent === undefined || traceIdOf(traceparent) === undefined) return false
  return (Number.parseInt(traceparent.slice(53, 55), 16) & 1) === 1
}

const root = /(?:^|;)\s*Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?=;|$)/

/** The trace id that an `X-Amzn-Trace-Id` of a load balancer stands for. */
export function traceIdOfAmazon(value: string): string | undefined {
  const found = root.exec(value)
  return found === null ? undefined : `${found[1]}${found[2]}`
}
