import type { Problem } from '../../model/problem.ts'
import type { Service } from '../api/objects.ts'
import { didYouMean } from '../api/suggest.ts'
import type { ClusterDraft, ServiceDraft } from './draft-cluster.ts'
import type { BackendDraft } from './drafts.ts'
import { grantProblem, printTarget, type Referrer } from './grants.ts'
import type { Lookup } from './lookup.ts'

/** Where an object uses a cluster; faults of its endpoints are reported there. */
export interface ClusterUse {
  readonly where: string
  readonly cluster: ClusterDraft
}

/** Follows a backend to its cluster, or says why it cannot be used. Endpoints come later: they change often, and no rule with them. */
export function resolveBackend(
  lookup: Lookup,
  from: Referrer,
  backend: BackendDraft,
): ClusterDraft | Problem {
  const { cluster, where } = backend
  const { target } = cluster
  const problem =
    target.kind === 'service' ? serviceProblem(lookup, from, target, where) : undefined
  return problem ?? cluster
}

function serviceProblem(
  lookup: Lookup,
  from: Referrer,
  target: ServiceDraft,
  where: string,
): Problem | undefined {
  const ref = { group: '', kind: 'Service', namespace: target.namespace, name: target.service }
  const refused = grantProblem(lookup, from, ref, where)
  if (refused !== undefined) return refused
  const service = lookup.find('services', target.namespace, target.service)
  if (service === undefined) {
    const near = didYouMean(target.service, lookup.names('services', target.namespace))
    return {
      reason: 'BackendNotFound',
      path: where,
      message: `${printTarget(ref)} does not exist${near}`,
    }
  }
  const fault = portFault(service, target.port)
  return fault && { ...fault, path: where, message: `${printTarget(ref)} ${fault.message}` }
}

function portFault(service: Service, wanted: number): Omit<Problem, 'path'> | undefined {
  if (service.type === 'ExternalName') {
    return {
      reason: 'UnsupportedBackend',
      message: 'is of type ExternalName, which is refused; use a url backend',
    }
  }
  const ports = service.ports.filter(({ protocol }) => protocol === 'TCP')
  const port = ports.find((each) => each.port === wanted)
  if (port !== undefined) return protocolFault(wanted, port.appProtocol)
  const has =
    ports.length === 0
      ? 'no TCP port at all'
      : ports
          .map((each) => each.port)
          .sort((a, b) => a - b)
          .join(', ')
  return { reason: 'BackendNotFound', message: `has no port ${wanted}; it has ${has}` }
}

/** Protocols that a plain HTTP/1.1 connection would be wrong for (KEP-3726 and common usage). */
const otherProtocols = new Set([
  'https',
  'tls',
  'grpc',
  'grpcs',
  'http2',
  'h2c',
  'kubernetes.io/h2c',
  'kubernetes.io/wss',
  'tcp',
])

function protocolFault(
  port: number,
  appProtocol: string | undefined,
): Omit<Problem, 'path'> | undefined {
  if (appProtocol === undefined || !otherProtocols.has(appProtocol.toLowerCase())) return undefined
  const message = `has appProtocol "${appProtocol}" on port ${port}; only HTTP/1.1 without TLS can be spoken to a Service`
  return { reason: 'UnsupportedBackend', message }
}
