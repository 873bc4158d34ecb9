/**
 * The defaults of api.md, said a second time: what a golden file leaves out. A default that changes shows up in
 * every case.
 */
export const ruleDefaults = {
  action: {
    balance: { policy: 'LeastRequests', locality: 'Ignore' },
    retry: {
      attempts: 1,
      on: ['ConnectFailure', 'Reset'],
      statuses: [],
      backoffMs: 25,
      budgetPercent: 20,
      idempotencyKeys: 'Never',
    },
    failover: { panic: 'ServeAll', useDrained: false },
  },
  paths: { encodedSlash: 'Reject', mergeSlashes: true, underscores: 'Drop' },
  timeouts: { requestMs: 30_000, backendRequestMs: 30_000, connectMs: 1000, idleMs: 60_000 },
  limits: { requestBody: 10_485_760, concurrency: 0 },
  stripHeaders: [],
  requestHeaders: { remove: [], set: [], add: [] },
  responseHeaders: { remove: [], set: [], add: [] },
  errors: [],
}

export const backendDefaults = { region: '', weight: 1, priority: 0, basePath: '' }

export const matchDefaults = { methods: [], headers: [], query: [] }

export const memberDefaults = { claims: [] }

export const clusterDefaults = {
  health: {
    passive: {
      consecutiveFailures: 3,
      failurePercent: 30,
      minRequests: 20,
      windowMs: 10_000,
      slowFactor: 5,
      ejectForMs: 10_000,
      maxEjected: 100,
      statuses: [],
    },
    slowStartMs: 10_000,
  },
  maxConnections: 1024,
  maxPending: 1024,
}

export const authorizerDefaults = {
  kind: 'jwt',
  from: [{ kind: 'header', name: 'authorization', scheme: 'Bearer' }],
  clockSkewMs: 30_000,
  claims: [],
  forward: { headers: [], token: 'Remove' },
  staleKeysForMs: 86_400_000,
}

export const issuerDefaults = {
  algorithms: [
    'RS256',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'ES256',
    'ES384',
    'ES512',
    'EdDSA',
  ],
  groupsClaim: 'groups',
}
