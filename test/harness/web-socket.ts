import { createHash } from 'node:crypto'
import type { Rule, Upgrade } from '../../src/model/snapshot.ts'
import type { Seen } from './upstream.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='

/** What a backend answers to a key (RFC 6455 §4.2.2). */
const acceptOf = (given: string): string =>
  createHash('sha1').update(`${given}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

/** The lines of a handshake that differ from the right one; '' leaves one out. */
export type Lines = Readonly<Record<string, string>>

const handshakeFields = (own: Lines = {}): readonly string[] =>
  Object.entries({
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': key,
    'sec-websocket-version': '13',
    ...own,
  }).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`]))

/** A whole handshake. */
export const handshake = (own: Lines = {}, line = 'GET /chat HTTP/1.1'): string =>
  `${[line, 'host: a', ...handshakeFields(own)].join('\r\n')}\r\n\r\n`

/** The answer of a backend that switches, with lines that differ. */
export const switching = (own: Lines = {}): string =>
  `${[
    'HTTP/1.1 101 Switching Protocols',
    ...Object.entries({
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-accept': acceptOf(key),
      ...own,
    }).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`])),
  ].join('\r\n')}\r\n\r\n`

/** A backend that switches at the end of a head; what comes after that goes to `then`. */
export const switchingBackend =
  (answer = switching(), then: (seen: Seen, part: string) => void = () => {}) =>
  (seen: Seen, part: string): void => {
    if (seen.text.indexOf('\r\n\r\n') === seen.text.length - 4) seen.socket.write(answer, 'latin1')
    else then(seen, part)
  }

/** A backend that finds the Accept of whatever key it is given. */
export const openBackend =
  (then: (seen: Seen, part: string) => void = () => {}, own: Lines = {}) =>
  (seen: Seen, part: string): void => {
    const given = /\r\nsec-websocket-key: (.*)\r\n/.exec(seen.text)?.[1] ?? ''
    switchingBackend(switching({ 'sec-websocket-accept': acceptOf(given), ...own }), then)(
      seen,
      part,
    )
  }

export const webSockets = (own: Partial<Upgrade> = {}): Partial<Rule> => ({
  upgrade: { webSocket: true, maxLifetimeMs: 86_400_000, expiresWithToken: true, ...own },
})
