import type { UpstreamTls } from './cluster.ts'
import { type Decode, list, oneOf, record, text } from './decode.ts'
import type { ClientCertificates, HostTls } from './snapshot.ts'

const client: Decode<ClientCertificates> = record(
  { mode: oneOf('Require', 'Optional'), authorities: list(text) },
  {},
)

export const hostTls: Decode<HostTls> = record(
  { minVersion: oneOf('1.2', '1.3'), plaintext: oneOf('Redirect', 'Allow', 'Deny') },
  { pair: text, client },
)

export const upstreamTls: Decode<UpstreamTls> = record(
  {},
  { serverName: text, authorities: text, pair: text },
)
