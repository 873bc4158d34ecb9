import type { HeaderValue } from '../../model/snapshot.ts'
import { isFieldValue, isToken } from '../http1/field-scan.ts'

/** Fields that belong to the connection or the framing: the codec alone writes them. */
const framing = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Whether configured fields can be printed as they are (U10). The compiler has refused all others; a snapshot
 * that holds one all the same must not put a line into a message.
 */
export const arePrintable = (fields: readonly HeaderValue[]): boolean =>
  fields.every(({ name, value }) => isFieldName(name) && isFieldValue(value))

/** A token in lower case that is no framing field. */
const isFieldName = (name: string): boolean =>
  isToken(name) && name === name.toLowerCase() && !framing.has(name)

/** Whether a configured text can stand in a Host field and in a URL: a name or address, perhaps with a port. */
export const isAuthority = (text: string): boolean =>
  /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/.test(text)
