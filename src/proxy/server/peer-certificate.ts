import type tls from 'node:tls'
import type { ClientCertificate } from '../http1/message.ts'

/** What a client has shown in its handshake; undefined when it has shown nothing. */
export function certificateOf(socket: tls.TLSSocket): ClientCertificate | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const fault = socket.authorized ? undefined : String(socket.authorizationError)
  return {
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    names: namesOf(certificate.subjectAltName ?? ''),
    ...(fault !== undefined && { fault }),
  }
}

/** Node puts a name in quotes, as JSON, when something in it could be taken for the end of it. */
const name = /((?:DNS|URI|email|IP Address):)("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g

const namesOf = (text: string): readonly string[] =>
  [...text.matchAll(name)].map(([, kind = '', value = '']) => `${kind}${unquoted(value)}`)

/** What cannot be read stays as it is, quotes and all: it is nobody's name. */
function unquoted(value: string): string {
  if (!value.startsWith('"')) return value
  try {
    return String(JSON.parse(value))
  } catch {
    return value
  }
}
