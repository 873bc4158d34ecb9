/**
 * What a line of the access log can say, in the order of the standard line: names of OpenTelemetry's semantic
 * conventions where they have one.
 */
export const accessLogFields = [
  'time',
  'request_id',
  'client_request_id',
  'trace_id',
  'http.request.method',
  'server.address',
  'server.port',
  'url.path',
  'url.query',
  'network.protocol.version',
  'http.response.status_code',
  'rpc.response.status_code',
  'rpc.status_by',
  'rpc.status_in',
  'complete',
  'error.type',
  'reason',
  'clock',
  'clock_limit_ms',
  'clock_spent_ms',
  'http.request.body.size',
  'http.response.body.size',
  'duration_ms',
  'first_byte_ms',
  'route',
  'rule',
  'authorizer',
  'verdict',
  'principal',
  'attempts',
  'client.address',
  'user_agent.original',
  'tls.protocol.version',
] as const

export type AccessLogField = (typeof accessLogFields)[number]

/** Names that people know from Amazon API Gateway, for custom lines. */
export const contextVariables: Readonly<Record<string, AccessLogField>> = {
  '$context.requestId': 'request_id',
  '$context.extendedRequestId': 'request_id',
  '$context.requestTime': 'time',
  '$context.httpMethod': 'http.request.method',
  '$context.domainName': 'server.address',
  '$context.path': 'url.path',
  '$context.protocol': 'network.protocol.version',
  '$context.status': 'http.response.status_code',
  '$context.responseLength': 'http.response.body.size',
  '$context.responseLatency': 'duration_ms',
  '$context.integrationLatency': 'first_byte_ms',
  '$context.routeKey': 'rule',
  '$context.identity.sourceIp': 'client.address',
  '$context.identity.userAgent': 'user_agent.original',
  '$context.error.responseType': 'error.type',
  '$context.authorizer.principalId': 'principal',
  '$context.xrayTraceId': 'trace_id',
}

const known = new Map<string, AccessLogField>([
  ...accessLogFields.map((field) => [field, field] as const),
  ...Object.entries(contextVariables),
])

/** The field that a custom line means by this name; undefined when there is none. */
export const accessLogField = (name: string): AccessLogField | undefined => known.get(name)
