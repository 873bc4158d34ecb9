/** When each metric moves, for `docs/observability.md`; groups in the order of the page. The page is not made without one. */
export const metricNotes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Requests of clients': {
    fairlead_requests_total:
      'Once a request, when its answer is over. `method` is one of seven, or `OTHER`; `code_class` is `2xx` to `5xx`, or `0xx` for a client that left before there was a status.',
    fairlead_grpc_calls_total:
      'Once a call, when it is over. `status` is `OK` to `UNAUTHENTICATED`; `by` is `backend`, `gateway`, or `client` for one that left (`CANCELLED`). Over HTTP most of them are a 200: failures show here. [What is counted](grpc.md#logs-and-metrics).',
    fairlead_request_duration_seconds:
      'With the first one. `route` is empty unless the setting `metrics.perRouteDurations` is on.',
    fairlead_requests_in_flight: 'A load: compare it with `limits.requestsInFlight`.',
    fairlead_failures_total: 'With the first failure of a request. [All codes](failures.md).',
    fairlead_rejected_requests_total:
      'With each message that breaks a rule of HTTP (the reason names the rule), with each connection or request over a limit (`connections`, `connections_per_client`, `requests_in_flight`, `memory`), and with an answer of a backend that nobody asked for (`unsolicited_answer`).',
    fairlead_timeouts_total: 'Also for an attempt that is tried again. [All clocks](timeouts.md).',
    fairlead_connections:
      'The sum over all is what `limits.connections` bounds; `closing` ones only wait for the client. A WebSocket is an `active` one of the protocol `websocket` until it ends.',
    fairlead_tls_handshakes_total:
      'Once a connection to the listener with TLS. `ok`; `plaintext`: no TLS was spoken; `malformed`, `server_name`: the ClientHello cannot be read, or its name; `no_certificate`: there is none to show for the name; `unusable`: the certificate or the authorities of the host are refused by OpenSSL, and the log says why; `failed`: nothing in common, or the client left; `proxy_header`: a proxy did not say for whom it comes; `timeout`, `closed`.',
    fairlead_certificate_not_after_seconds:
      'For each host with a certificate of its own, and `default`. With `metrics.perRoute` off: not at all.',
  },
  Backends: {
    fairlead_backend_requests_total:
      'Once an attempt: a request that is tried twice counts twice. `backend` is its name in the rule.',
    fairlead_backend_duration_seconds:
      'With the one above. `backend` is the target, `shop/orders:80`.',
    fairlead_backend_healthy: 'With ejections, probes and endpoints. `backend` is the target.',
    fairlead_backend_effective_weight:
      'With health, slow start and edits. A rule has it from its first request on.',
    fairlead_ejections_total: 'The reason is a code of failure, `status`, `slow` or `probe`.',
    fairlead_retries_total: 'With each retry.',
    fairlead_failovers_total: 'The reason is what ended the attempt before.',
    fairlead_panic:
      '1 while nothing behind a rule is healthy. With `metrics.perRoute` off, one series: the number of such rules.',
    fairlead_resolution_failures_total:
      'With each look-up of a `url` backend that fails. `resolution` in `/debug/backends` says why, and since when.',
  },
  Authorization: {
    fairlead_authorizations_total:
      'Once a request: `allow`, `unauthenticated` (401), `forbidden` (403), `unavailable` (503).',
    fairlead_authorizer_cache_hits_total: 'With each token that was verified before.',
    fairlead_authorizer_cache_misses_total:
      'With each token that was not. Many of them cost CPU: look for clients that ask for a token per request.',
    fairlead_authorizer_cache_entries: 'With tokens that are verified, expire, or make room.',
    fairlead_jwks_age_seconds:
      'Falls to 0 with each fetch. Beyond `staleKeysFor` tokens of the issuer are answered with 503.',
    fairlead_jwks_refreshes_total: 'In the background, and for a key that nobody knows.',
    fairlead_jwks_failures_total: 'It is tried again after some 10 s.',
  },
  Configuration: {
    fairlead_snapshot_applied_timestamp_seconds: 'With each edit that is in force.',
    fairlead_snapshot_apply_seconds: 'With the one above.',
    fairlead_snapshot_rejected_total: 'Should never move. The log says why.',
    fairlead_propagation_seconds:
      'Once a change and proxy, in a cluster: from the watch of the API server to the acknowledgement.',
    fairlead_compile_seconds: 'With each edit of a manifest or of the settings, good or bad.',
    fairlead_objects:
      '`good`, `problem` (a condition is False), `last_good` (broken, served as it last was).',
    fairlead_source_problems: '`/debug/status` lists them.',
    fairlead_watch_restarts_total: 'In a cluster, with each watch that ends before its time.',
    fairlead_leader: 'In a cluster, with an election.',
    fairlead_push_proxies: 'In a cluster: `serving` what it was last sent, or `refusing` it.',
  },
  'The process': {
    fairlead_event_loop_delay_seconds: 'High: too much work for one core.',
    fairlead_access_log_dropped_total: 'With each line that a full, stuck or broken sink loses.',
    fairlead_metrics_overflows: 'Present only where it is more than 0.',
    fairlead_workers: 'With `--workers`.',
    fairlead_worker_ends_total: 'With `--workers`. Should never move.',
  },
}
