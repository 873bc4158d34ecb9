import type { FailureCode } from '../../src/model/failure.ts'
import { tokenFaults } from '../../src/proxy/runtime/token-fault.ts'

/** When the gateway answers with a code, and what the reader can do. One sentence each, in plain English. */
interface Note {
  readonly when: string
  readonly remedy: string
}

const note = (when: string, remedy: string): Note => ({ when, remedy })

const tokenReasons = Object.keys(tokenFaults)
  .map((reason) => `\`${reason}\``)
  .join(', ')

/** For `docs/failures.md`. The type keeps it complete. */
export const failureNotes: Readonly<Record<FailureCode, Note>> = {
  bad_request: note(
    'The request breaks HTTP/1.1 (framing, header syntax, request line), so its end or its meaning is not certain; or it holds the same credential twice.',
    'Mend the client. `fairlead_rejected_requests_total{reason}` says which rule was broken.',
  ),
  host_invalid: note(
    'The `Host` is missing, repeated or not a host name, or the request target names another host.',
    'Send exactly one `Host` that agrees with the URL.',
  ),
  path_invalid: note(
    'The path holds an invalid escape, climbs above the root, or holds an encoded slash where the route rejects it.',
    'Send a valid path. `paths.encodedSlash: Keep` on the route admits encoded slashes.',
  ),
  client_certificate_required: note(
    'The host wants a certificate of the client (`tls.clientCertificate.mode: Require`), and the handshake brought none.',
    'Connect with a certificate of one of the authorities in `caRefs`.',
  ),
  client_certificate_invalid: note(
    'The certificate of the client has expired, is of another authority, is revoked, or may not be used by clients.',
    '`detail` says which, in the word of OpenSSL, and so does `reason` in the access log (`CERT_HAS_EXPIRED`, `CERT_REVOKED`, `CRL_HAS_EXPIRED`: the list is old, put the next one into the bundle). Get a certificate of one of the authorities in `caRefs`.',
  ),
  credentials_missing: note(
    'The rule asks for a token and the request carries none in the places that the authorizer reads.',
    'Send the token; `WWW-Authenticate` says how.',
  ),
  token_malformed: note(
    'The token is not a signed JWT in compact form, is too long, names no key (`kid`), has no `exp`, or uses an algorithm that the issuer is not allowed.',
    `\`error_description\` of \`WWW-Authenticate\` says which, and \`reason\` in the access log: ${tokenReasons}. Get another token from the issuer, or have the issuer write it so.`,
  ),
  token_expired: note('`exp` is past, beyond the allowed clock skew.', 'Get a new token.'),
  token_not_yet_valid: note(
    '`nbf` or `iat` is in the future, beyond the allowed clock skew.',
    'Check the clock of the issuer, or wait.',
  ),
  issuer_unknown: note(
    '`iss` is none of the issuers of the authorizer; the comparison is exact.',
    'Check the issuer URL: scheme, case and the trailing slash count.',
  ),
  audience_mismatch: note(
    'No audience (or, for Cognito, app client) of the token is one that the authorizer accepts.',
    'Ask the issuer for a token for this API, or add the audience to the ApiAuthorizer.',
  ),
  signature_invalid: note('The signature does not verify.', 'Get a new token from the issuer.'),
  key_unknown: note(
    'The `kid` of the token is not in the key set of the issuer, after a refresh.',
    'Get a new token. If new ones fail too, the key set URL and the issuer do not belong together.',
  ),
  token_use_mismatch: note(
    'The token is of another kind than asked for: an ID token where an access token is expected, or another `typ`.',
    'Send the other token of the pair, or change `tokenUse` of the ApiAuthorizer.',
  ),
  scope_missing: note(
    'The token lacks a scope that the rule asks for.',
    '`wanted` names what would be enough.',
  ),
  group_missing: note(
    'The caller is in none of the groups asked for.',
    '`wanted` names what would be enough.',
  ),
  claim_mismatch: note(
    'A claim is missing or has another value than asked for.',
    'Ask the owner of the route.',
  ),
  claim_unrepresentable: note(
    'A claim that is forwarded as a header holds characters that a header cannot carry safely.',
    'Forward it with `claimsHeader` instead, which is base64url JSON.',
  ),
  denied: note(
    'The rule admits nobody, or an authorizer denied the request.',
    'Ask the owner of the route.',
  ),
  address_denied: note(
    'The client address is outside `sourceAddresses`.',
    'Check which address the gateway sees (access log) and `trustedProxies`.',
  ),
  tls_required: note(
    'The request came without TLS, and the host is served over TLS only (`tls.plaintext: Deny`, or a client certificate is required).',
    'Use https.',
  ),
  route_not_found: note(
    'No route has this host, or no rule of that host matches the path.',
    '`fairlead explain` shows why each rule lost.',
  ),
  method_not_allowed: note(
    'Rules match the path, but none of them the method.',
    '`Allow` lists the methods that have a rule.',
  ),
  request_timeout: note(
    'The head took longer than `clocks.head` of the settings, or the body stood still for `clocks.bodyIdle`.',
    'Send faster, or raise the clock in the settings.',
  ),
  body_too_large: note(
    'The body is longer than `limits.requestBody` of the rule (10Mi by default).',
    'Send less, or raise the limit of the rule.',
  ),
  uri_too_long: note(
    'The request target is longer than the limit (8 KiB by default).',
    'Shorten the URL.',
  ),
  expectation_failed: note(
    '`Expect` holds something else than `100-continue`.',
    'Leave `Expect` out.',
  ),
  misdirected: note(
    'The host of the request does not belong to the connection it came by.',
    'Open a connection for that host.',
  ),
  upgrade_required: note(
    'A WebSocket was asked for where the rule takes none, in another version than 13, or together with another protocol.',
    'Set `upgrade.webSocket` in the rule ([websocket.md](websocket.md)), or mend the client; `reason` in the access log says which.',
  ),
  headers_too_large: note(
    'The header block is over 16 KiB or 100 fields (by default).',
    'Send fewer or shorter headers; cookies are the usual reason.',
  ),
  internal: note(
    'A fault in the gateway itself. It is in the log, with the request id.',
    'Report it, please.',
  ),
  not_implemented: note(
    'The method or the transfer coding is not implemented.',
    'Use a standard method, and no transfer coding but `chunked`.',
  ),
  connect_failed: note(
    'No connection to the backend: refused, unreachable, or an address that the gateway refuses to call.',
    '`attempts` in the access log says why (`ECONNREFUSED`, `EHOSTUNREACH`, `ETIMEDOUT`, `address_refused`, …), and so does `lastFailure` in `/debug/backends`, with the address.',
  ),
  connect_timeout: note(
    'The backend did not accept a connection within `timeouts.connect`.',
    'Check the network.',
  ),
  upstream_tls_failed: note(
    'The TLS handshake with the backend failed: an unknown CA, another name, or an expired certificate.',
    '`reason` of the attempt in the access log names the fault (`CERT_HAS_EXPIRED`, `ERR_TLS_CERT_ALTNAME_INVALID`, …). `no_tls_spoken`: the port is one without TLS, write `http://` or drop `tls`. `handshake_refused`: the backend broke off; often it wants a client certificate (`tls.clientCertificateRef`), or no version of TLS is common. A private CA is given with `tls.caRef` of the backend ([tls.md](tls.md#tls-towards-backends)), or for all with `NODE_EXTRA_CA_CERTS`; verification cannot be switched off.',
  ),
  upstream_reset: note(
    'The backend closed the connection before its answer was complete.',
    'Look for a crash or a restart in the log of the backend, or `protocol: H2C` is missing: a backend that speaks nothing but HTTP/2 (gRPC) closes a connection of HTTP/1.1; `reason` of the attempt is `http2_spoken` where it said something first. `client_certificate_wanted`: give the backend `tls.clientCertificateRef`.',
  ),
  upstream_protocol_error: note(
    'The answer of the backend breaks HTTP/1.1, so it cannot be passed on safely.',
    'Mend the backend, or its `protocol`: `http2_spoken` as the `reason` of the attempt wants `H2C`, and with `HTTP2` a backend must choose `h2` in its handshake. Two framing headers, a bad chunk, or a header with control characters are usual faults.',
  ),
  authorizer_unavailable: note(
    'The authorizer cannot decide: it is missing, broken, or its keys could never be fetched, or not for longer than `staleKeysFor`.',
    'Look at the status of the ApiAuthorizer (`/debug/status`) and at `/debug/authorizers`.',
  ),
  no_backend: note(
    'The rule has no backend that could take traffic: no endpoints, the name of a `url` that does not resolve, or every weight is 0.',
    'Give it an endpoint, or a weight above 0. Whether names resolve is at `/debug/backends` (`resolution`) and in `fairlead_resolution_failures_total`.',
  ),
  no_healthy_backend: note(
    'Every backend of the rule is known to be down (`failover.panic: Fail`).',
    'Look at `/debug/backends`: `ejectedFor` and `lastFailure` of each endpoint, and `resolution.failed` where a name does not resolve (`fairlead_resolution_failures_total`). `Retry-After` says when to come back.',
  ),
  overloaded: note(
    'A limit on requests, connections, memory or signature checks is reached, here or for the backend.',
    'Come back after `Retry-After`. If it lasts, add replicas or raise the limit.',
  ),
  rule_invalid: note(
    'The rule exists, but what it says cannot be served. It holds its place, so that nothing less specific answers.',
    'The status of the ApiRoute says where the fault is.',
  ),
  upstream_timeout: note(
    'The backend exceeded `timeouts.backendRequest` before its head was there, or was silent for `timeouts.idle` after it.',
    '`clock`, `limitMs` and `spentMs` say which.',
  ),
  request_budget_exhausted: note(
    'The whole exchange, retries included, exceeded `timeouts.request`, or the `grpc-timeout` that the client of a call gave it (`clock: grpcTimeout`).',
    'Raise the clock of the rule, or the deadline of the client, or make the backend faster.',
  ),
  http_version_unsupported: note(
    'The request names an HTTP version other than 1.0 or 1.1.',
    'Use HTTP/1.1, or HTTP/2: over TLS, or without it where the setting `listeners.http.h2c` is on.',
  ),
  loop_detected: note(
    'The request has gone through gateways of this kind eight times, as its `Via` says: a backend of the rule leads back here.',
    'Point `backends` at the service itself, not at an address or name that the gateway answers for.',
  ),
}
