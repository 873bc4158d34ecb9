/** A rule file of Prometheus: what somebody should be woken for, and what can wait until morning. */
export const alerts = `groups:
  - name: fairlead
    rules:
      - alert: FairleadNothingHealthy
        expr: fairlead_panic > 0
        for: 1m
        labels: { severity: page }
        annotations: { summary: "Nothing behind {{ $labels.route }}/{{ $labels.rule }} is healthy" }
      - alert: FairleadFailing
        expr: |
          sum(rate(fairlead_requests_total{code_class="5xx"}[5m]))
            > 0.01 * sum(rate(fairlead_requests_total[5m]))
        for: 5m
        labels: { severity: page }
        annotations: { summary: "More than 1 % of all requests fail; fairlead_failures_total says with which code" }
      - alert: FairleadCallsFailing
        expr: |
          sum(rate(fairlead_grpc_calls_total{status=~"UNAVAILABLE|INTERNAL|UNKNOWN|DEADLINE_EXCEEDED|DATA_LOSS"}[5m]))
            > 0.01 * sum(rate(fairlead_grpc_calls_total[5m]))
        for: 5m
        labels: { severity: page }
        annotations: { summary: "More than 1 % of all calls of gRPC fail; by and rpc.response.status_code say who said what" }
      - alert: FairleadRefusingWork
        expr: rate(fairlead_rejected_requests_total{reason=~"memory|requests_in_flight|connections"}[5m]) > 0
        for: 5m
        labels: { severity: page }
        annotations: { summary: "At its limit: {{ $labels.reason }}" }
      - alert: FairleadConfigurationRefused
        expr: increase(fairlead_snapshot_rejected_total[5m]) > 0
        labels: { severity: page }
        annotations: { summary: "A configuration cannot be applied; the one before stays in force" }
      - alert: FairleadCertificateEnds
        expr: fairlead_certificate_not_after_seconds - time() < 14 * 86400
        labels: { severity: ticket }
        annotations: { summary: "The certificate of {{ $labels.hostname }} ends in less than 14 days" }
      - alert: FairleadRegionDown
        expr: fairlead_backend_healthy == 0
        for: 2m
        labels: { severity: ticket }
        annotations: { summary: "{{ $labels.backend }} in {{ $labels.region }} is down; others carry its traffic" }
      - alert: FairleadIssuerAway
        expr: fairlead_jwks_age_seconds > 7200
        labels: { severity: ticket }
        annotations: { summary: "The keys of {{ $labels.issuer }} cannot be fetched; known ones hold until staleKeysFor" }
      - alert: FairleadServedAsItWas
        expr: sum by (kind) (fairlead_objects{state!="good"}) > 0
        for: 15m
        labels: { severity: ticket }
        annotations: { summary: "{{ $labels.kind }}s have problems; fairlead check or kubectl say which" }
      - alert: FairleadLogLost
        expr: increase(fairlead_access_log_dropped_total[5m]) > 0
        labels: { severity: ticket }
        annotations: { summary: "The sink of the access log does not keep up" }
`
