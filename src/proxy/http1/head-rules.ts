import type { FailureCode } from '../../model/failure.ts'
import type { ParseFault } from './message.ts'

const fault = (code: FailureCode, reason: string): ParseFault => Object.freeze({ code, reason })
/** Why a request is refused before it is one, whatever protocol it came by. */
export const headFaults = {
  start: fault('bad_request', 'request_line'),
  version: fault('http_version_unsupported', 'version'),
  method: fault('not_implemented', 'method'),
  methodRefused: fault('method_not_allowed', 'method_refused'),
  protocol: fault('not_implemented', 'connect_protocol'),
  target: fault('bad_request', 'target'),
  targetLong: fault('uri_too_long', 'target_too_long'),
  field: fault('bad_request', 'header_field'),
  lookAlike: fault('bad_request', 'header_look_alike'),
  fieldsLarge: fault('headers_too_large', 'headers_too_large'),
  fieldsMany: fault('headers_too_large', 'headers_too_many'),
  host: fault('host_invalid', 'host'),
  length: fault('bad_request', 'content_length'),
  coding: fault('bad_request', 'transfer_encoding'),
  codingUnknown: fault('not_implemented', 'transfer_coding'),
  both: fault('bad_request', 'two_framings'),
  bodyOdd: fault('body_too_large', 'body_unexpected'),
  connection: fault('bad_request', 'connection_names'),
  expect: fault('expectation_failed', 'expect'),
  none: fault('internal', 'none'),
}

/** Characters; what is longer is no method that anyone knows. */
export const longestMethod = 32

/** CONNECT and TRACE are not for a gateway (R6). */
export const isRefusedMethod = (method: string): boolean =>
  method === 'CONNECT' || method === 'TRACE' || method === 'TRACK'

/** The one expectation there is (RFC 9110 §10.1.1). */
export const isContinue = (value: string): boolean => value.toLowerCase() === '100-continue'

/** Framing and routing names in another spelling: some backends read `_` as `-` (F8, U7). */
const lookAlikes = new Set([
  'content-length',
  'transfer-encoding',
  'proxy-connection',
  'keep-alive',
  'http2-settings',
])

/** For a lower-case name with an underscore. */
export const isLookAlike = (name: string): boolean => lookAlikes.has(name.replaceAll('_', '-'))

/** Digits only, no leading zero, never beyond what a Number holds exactly (F10 to F12). -1 for all else. */
export function lengthOf(value: string): number {
  if (value.length === 0 || value.length > 15) return -1
  let length = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    length = length * 10 + digit
  }
  return value.length > 1 && value.charCodeAt(0) === 48 ? -1 : length
}
