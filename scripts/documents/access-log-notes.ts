import type { AccessLogField } from '../../src/model/access-log.ts'

/** What each field of a line says, for `docs/observability.md`. The type keeps it complete. */
export const accessLogNotes: Readonly<Record<AccessLogField, string>> = {
  time: 'when the answer was over (RFC 3339, UTC)',
  request_id: 'also in the answer and at the backend (`x-request-id`)',
  client_request_id: 'an id that the client sent and that was not believed',
  trace_id: 'of `traceparent`: continued, or made here',
  'http.request.method': 'as the client sent it',
  'server.address': 'host of the request',
  'server.port': 'port of the `Host`, where it has one',
  'url.path': 'as the client sent it, without the query',
  'url.query': 'only with `accessLog.query`; the values of token parameters are `REDACTED`',
  'network.protocol.version': '`1.0`, `1.1`, `2`',
  'http.response.status_code': 'what the client got; 0 when it left before',
  'rpc.response.status_code':
    'of a call of gRPC: the name of the status that the client got, `OK`, `UNAVAILABLE`, …; `CANCELLED` when it left before ([grpc.md](grpc.md#logs-and-metrics))',
  'rpc.status_by': 'who said so: `backend`, `gateway`, or `client` when it left',
  'rpc.status_in':
    'where: `trailers`, `head` (nothing came before it), or `http`: the answer is none of gRPC, and clients read its status over HTTP',
  complete: 'whether the client got all of the answer',
  'error.type': 'code of the failure ([failures.md](failures.md))',
  reason:
    'which rule a refused message broke: the label of `fairlead_rejected_requests_total`; why a token is `token_malformed` ([failures.md](failures.md#token_malformed)); how a WebSocket ended ([websocket.md](websocket.md#how-it-ends)); `drain`: it was cut because the gateway stopped',
  clock: 'the clock that expired ([timeouts.md](timeouts.md))',
  clock_limit_ms: 'its limit',
  clock_spent_ms: 'the time spent',
  'http.request.body.size': 'bytes of body that came',
  'http.response.body.size': 'bytes of body that went',
  duration_ms: 'from the first byte of the request to the last of the answer',
  first_byte_ms: 'from the last attempt to the head of its answer',
  route: '`namespace/name` of the ApiRoute',
  rule: 'name of the rule',
  authorizer: '`namespace/name` of the ApiAuthorizer that decided',
  verdict: '`allow`, `public`, `unauthenticated`, `forbidden`, `unavailable`',
  principal: '`sub` of the token, at most 256 characters',
  attempts:
    '`[{backend, region, outcome, reason, ms}]`, in order; the outcome is a status or a code of failure, `reason` why there was no connection (`ECONNREFUSED`, `ETIMEDOUT`, `address_refused`, `CERT_HAS_EXPIRED`, …)',
  'client.address': 'the derived address of the client',
  'user_agent.original': '`User-Agent`',
  'tls.protocol.version': 'of a connection with TLS',
}
