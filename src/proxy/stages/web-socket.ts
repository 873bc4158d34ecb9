import { createHash, randomBytes } from 'node:crypto'
import type { FailureCode, FailureDetail } from '../../model/failure.ts'
import { flat } from '../http1/flat.ts'
import type { Request, ResponseHead } from '../http1/message.ts'

/** Whether the wish for another protocol is one for a WebSocket, if not only for that. */
export const isWebSocketWish = (upgrade: string): boolean =>
  upgrade !== '' && /\bwebsocket\b/i.test(upgrade)

/** Why a handshake is none (RFC 6455 §4.2.1). */
export interface HandshakeFault {
  readonly code: FailureCode
  readonly detail: FailureDetail
}

const fault = (code: FailureCode, reason: string, detail: string): HandshakeFault =>
  Object.freeze({ code, detail: Object.freeze({ reason, detail }) })

/** A client that does not wait for the 101 has to be told: nobody has said yet that its bytes are frames. */
export const early: FailureDetail = Object.freeze({
  reason: 'websocket_early',
  detail: 'Nothing may be sent before the handshake is answered.',
})

export const noTunnel: FailureDetail = Object.freeze({
  reason: 'websocket_declined',
  detail: 'The backend has answered, but opened no WebSocket.',
})

const faults = {
  form: fault('bad_request', 'websocket_form', 'A WebSocket is asked for by GET in HTTP/1.1.'),
  alone: fault(
    'upgrade_required',
    'websocket_protocol',
    'Upgrade must be websocket alone, and Connection must name it.',
  ),
  key: fault(
    'bad_request',
    'websocket_key',
    'Sec-WebSocket-Key must be there once: 16 bytes in base64.',
  ),
  version: Object.freeze({
    code: 'upgrade_required',
    detail: Object.freeze({
      reason: 'websocket_version',
      detail: 'Sec-WebSocket-Version must be 13.',
      webSocketVersion: 13,
    }),
  }),
  early: { code: 'bad_request', detail: early },
} as const satisfies Record<string, HandshakeFault>

/** 22 characters hold 16 bytes, the last of them two bits only. */
const keyForm = /^[A-Za-z0-9+/]{21}[AQgw]==$/

/** What is wrong with a handshake; undefined when nothing is. */
export function handshakeFault(request: Request): HandshakeFault | undefined {
  const { head, body, followed, protocol } = request
  const { method, minorVersion, headers, upgrade, upgradeNamed } = head
  if (method !== 'GET' || minorVersion !== 1 || body.framing !== 'none') return faults.form
  if (upgrade.toLowerCase() !== 'websocket' || !upgradeNamed) return faults.alone
  if (onlyOf(headers.all('sec-websocket-version')) !== '13') return faults.version
  // Over HTTP/2 CONNECT has said it all (RFC 8441 §5).
  if (protocol !== '2' && !keyForm.test(onlyOf(headers.all('sec-websocket-key')))) return faults.key
  return followed ? faults.early : undefined
}

const onlyOf = (values: readonly string[]): string => (values.length === 1 ? (values[0] ?? '') : '')

/** What a backend has to find the Accept of: the client's, or over HTTP/2, where clients have none, one of our own. */
export const keyOf = ({ protocol, head }: Request): string =>
  protocol === '2'
    ? randomBytes(16).toString('base64')
    : flat(head.headers.get('sec-websocket-key') ?? '')

/** RFC 6455 §1.3. */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Whether a 101 is the answer to this key: nobody but a WebSocket server finds it by accident. */
export function isAccepted({ upgrade, headers }: ResponseHead, key: string): boolean {
  if (key === '' || upgrade.toLowerCase() !== 'websocket') return false
  const accept = createHash('sha1')
    .update(key + guid)
    .digest('base64')
  return onlyOf(headers.all('sec-websocket-accept')) === accept
}
