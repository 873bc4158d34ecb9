/** A failure that the gateway itself answers. The code is stable: extend the list, never rename. */
export interface Failure {
  readonly code: string
  readonly status: number
  readonly title: string
}

const failure = <const Code extends string>(code: Code, status: number, title: string) =>
  Object.freeze({ code, status, title })

/**
 * The closed list of failures (RFC 9457 problem types). Every answer that the gateway makes
 * instead of a backend carries one of these codes; `docs/failures.md` is generated from it.
 */
export const failures = {
  bad_request: failure('bad_request', 400, 'The request is malformed'),
  host_invalid: failure('host_invalid', 400, 'The Host is missing or malformed'),
  path_invalid: failure('path_invalid', 400, 'The path cannot be brought into canonical form'),
  client_certificate_required: failure(
    'client_certificate_required',
    400,
    'A client certificate is required',
  ),
  client_certificate_invalid: failure(
    'client_certificate_invalid',
    400,
    'The client certificate is refused',
  ),
  credentials_missing: failure('credentials_missing', 401, 'Credentials are required'),
  token_malformed: failure('token_malformed', 401, 'The token is malformed'),
  token_expired: failure('token_expired', 401, 'The token has expired'),
  token_not_yet_valid: failure('token_not_yet_valid', 401, 'The token is not valid yet'),
  issuer_unknown: failure(
    'issuer_unknown',
    401,
    'The token comes from an issuer that is not accepted',
  ),
  audience_mismatch: failure('audience_mismatch', 401, 'The token is meant for somebody else'),
  signature_invalid: failure('signature_invalid', 401, 'The signature does not match'),
  key_unknown: failure('key_unknown', 401, 'The token names a key that the issuer does not have'),
  token_use_mismatch: failure('token_use_mismatch', 401, 'The token is of the wrong kind'),
  scope_missing: failure('scope_missing', 403, 'A scope is missing'),
  group_missing: failure('group_missing', 403, 'A group is missing'),
  claim_mismatch: failure('claim_mismatch', 403, 'A claim has the wrong value'),
  claim_unrepresentable: failure(
    'claim_unrepresentable',
    403,
    'A claim cannot be put into a header',
  ),
  denied: failure('denied', 403, 'Access is denied'),
  address_denied: failure('address_denied', 403, 'This client address is not admitted'),
  tls_required: failure('tls_required', 403, 'TLS is required'),
  route_not_found: failure('route_not_found', 404, 'No route matches'),
  method_not_allowed: failure('method_not_allowed', 405, 'The method is not allowed here'),
  request_timeout: failure('request_timeout', 408, 'The request took too long to arrive'),
  body_too_large: failure('body_too_large', 413, 'The request body is too large'),
  uri_too_long: failure('uri_too_long', 414, 'The request target is too long'),
  expectation_failed: failure('expectation_failed', 417, 'The expectation cannot be met'),
  misdirected: failure('misdirected', 421, 'The host does not belong to this connection'),
  upgrade_required: failure('upgrade_required', 426, 'The upgrade cannot be served'),
  headers_too_large: failure('headers_too_large', 431, 'The header fields are too large'),
  internal: failure('internal', 500, 'The gateway failed'),
  not_implemented: failure('not_implemented', 501, 'Not implemented'),
  connect_failed: failure('connect_failed', 502, 'No connection to the backend'),
  connect_timeout: failure('connect_timeout', 502, 'Connecting to the backend took too long'),
  upstream_tls_failed: failure('upstream_tls_failed', 502, 'TLS with the backend failed'),
  upstream_reset: failure('upstream_reset', 502, 'The backend closed the connection'),
  upstream_protocol_error: failure(
    'upstream_protocol_error',
    502,
    'The backend sent an invalid answer',
  ),
  authorizer_unavailable: failure(
    'authorizer_unavailable',
    503,
    'The authorizer cannot decide now',
  ),
  no_backend: failure('no_backend', 503, 'The route has no backend'),
  no_healthy_backend: failure('no_healthy_backend', 503, 'No backend is healthy'),
  overloaded: failure('overloaded', 503, 'The gateway or the backend is overloaded'),
  rule_invalid: failure('rule_invalid', 503, 'The configuration of this route is invalid'),
  upstream_timeout: failure('upstream_timeout', 504, 'The backend took too long'),
  request_budget_exhausted: failure('request_budget_exhausted', 504, 'The request ran out of time'),
  http_version_unsupported: failure(
    'http_version_unsupported',
    505,
    'The HTTP version is not supported',
  ),
  loop_detected: failure('loop_detected', 508, 'The request goes in a circle'),
} as const satisfies Record<string, Failure>

export type FailureCode = keyof typeof failures

/**
 * The request is refused for what it is as a message (X-answers of the hostile inputs): nobody can say where the next
 * one would begin, so that its connection ends with the answer.
 */
export const refusals: ReadonlySet<FailureCode> = new Set([
  'bad_request',
  'path_invalid',
  'request_timeout',
  'body_too_large',
  'upgrade_required',
])

/** The stable prefix of `type` in every problem answer (RFC 9457 §3.1.1). */
export const problemTypePrefix = 'https://fairlead.dev/problems/'

/** What helps the reader of a failure. All optional; `detail` is one sentence in plain English. */
export interface FailureDetail {
  readonly detail?: string
  /** The clock that expired, its limit and the time spent, in milliseconds. */
  readonly clock?: string
  readonly limitMs?: number
  readonly spentMs?: number
  /** What would have been enough: scopes, groups, methods. */
  readonly wanted?: readonly string[]
  /** Values of `WWW-Authenticate`, one header each (RFC 9110 §11.6.1). */
  readonly challenges?: readonly string[]
  /** Value of `Allow` (RFC 9110 §10.2.1). */
  readonly allow?: readonly string[]
  readonly retryAfterSeconds?: number
  /** Value of `Sec-WebSocket-Version`: what would be understood (RFC 6455 §4.4). */
  readonly webSocketVersion?: number
  /**
   * More than the code says, for the access log, from a closed list. Of a refused message the label of
   * `fairlead_rejected_requests_total`, by default the code.
   */
  readonly reason?: string
}
