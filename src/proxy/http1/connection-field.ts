import { isToken } from './field-scan.ts'
import { elementsOf } from './list-field.ts'

/** What `Connection` fields say (RFC 9110 §7.6.1). */
export interface ConnectionField {
  readonly close: boolean
  readonly keepAlive: boolean
  /** Lower-case names of fields that end at this hop. */
  readonly names: readonly string[]
}

const plainClose: ConnectionField = { close: true, keepAlive: false, names: [] }
const plainKeepAlive: ConnectionField = { close: false, keepAlive: true, names: [] }

/** Fields that a client must not be able to take away: framing, routing, identity and what the gateway sets (U4). */
const untouchable =
  /^(host|content-.*|transfer-encoding|expect|authorization|cookie|set-cookie|forwarded|x-forwarded-.*|x-real-ip|via|x-request-id|traceparent|tracestate|x-amzn-trace-id|origin|range|if-.*|date)$/

/**
 * Joins one field value with what came before; undefined when it is malformed or names what it must not. Beside an HTAB
 * llhttp knows no option: the wish to stay, which HTTP/1.0 must express, does not count then.
 */
export function connectionField(
  value: string,
  before: ConnectionField | undefined,
): ConnectionField | undefined {
  if (before === undefined) {
    if (value === 'keep-alive' || value === 'Keep-Alive') return plainKeepAlive
    if (value === 'close') return plainClose
  }
  let close = before?.close ?? false
  let keepAlive = before?.keepAlive ?? false
  const names = [...(before?.names ?? [])]
  for (const name of elementsOf(value.toLowerCase())) {
    if (name === '') continue
    if (!isToken(name) || untouchable.test(name)) return undefined
    if (name === 'close') close = true
    else if (name === 'keep-alive') keepAlive ||= !value.includes('\t')
    else names.push(name)
  }
  return { close, keepAlive, names }
}

/**
 * `Proxy-Connection` was never a standard (RFC 9112 C.2.2), but llhttp reads it as `Connection`: it may end a connection,
 * and nothing else.
 */
export const proxyConnectionField = (
  value: string,
  before: ConnectionField | undefined,
): ConnectionField | undefined =>
  elementsOf(value.toLowerCase()).includes('close')
    ? { ...(before ?? plainClose), close: true }
    : before
