import type { Problem } from '../../model/problem.ts'
import type { UpstreamTls } from '../../model/snapshot.ts'
import type { Service } from '../api/objects.ts'
import { didYouMean } from '../api/suggest.ts'
import { type ClusterDraft, draftCluster, type ServiceDraft } from './draft-cluster.ts'
import type { UpstreamTlsDraft } from './draft-tls.ts'
import type { BackendDraft } from './drafts.ts'
import { grantProblem, printTarget, type Referrer } from './grants.ts'
import type { Lookup } from './lookup.ts'
import { resolveAuthorities, resolvePair } from './resolve-tls.ts'
import type { Sharing } from './sharing.ts'
import type { Vault } from './vault.ts'

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
  keeping: Keeping,
): ClusterDraft | Problem {
  const found = resolveTarget(lookup, from, backend)
  return 'reason' in found ? found : withTls(lookup, from, backend, keeping)
}

/** The same without what `tls` refers to. */
export function resolveTarget(
  lookup: Lookup,
  from: Referrer,
  backend: BackendDraft,
): ClusterDraft | Problem {
  const { target } = backend.cluster
  const problem =
    target.kind === 'service' ? serviceProblem(lookup, from, target, backend) : undefined
  return problem ?? backend.cluster
}

/** Where what is found is kept. */
export interface Keeping {
  readonly sharing: Sharing
  readonly vault: Vault
}

/** A certificate that cannot be found costs the backend: nothing is sent to whom nobody vouches for. */
function withTls(
  lookup: Lookup,
  from: Referrer,
  { cluster, tls }: BackendDraft,
  { sharing, vault }: Keeping,
): ClusterDraft | Problem {
  if (tls === undefined) return cluster
  const { serverName, caRef, pairRef } = tls
  const authorities = caRef && resolveAuthorities(lookup, from, caRef, vault)
  if (typeof authorities === 'object') return authorities
  const { pair, problem } = pairRef ? resolvePair(lookup, from, pairRef) : {}
  if (pair === undefined && problem !== undefined) return problem
  const resolved: UpstreamTls = {
    ...(serverName !== undefined && { serverName }),
    ...(authorities !== undefined && { authorities }),
    ...(pair && { pair: vault.keep(pair.text) }),
  }
  const { id: _id, name: _name, ...identity } = cluster
  return draftCluster({ ...identity, tls: resolved }, sharing)
}

function serviceProblem(
  lookup: Lookup,
  from: Referrer,
  target: ServiceDraft,
  { where, tls }: BackendDraft,
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
  const fault = portFault(service, target.port, tls)
  return fault && { ...fault, path: where, message: `${printTarget(ref)} ${fault.message}` }
}

function portFault(
  service: Service,
  wanted: number,
  tls: UpstreamTlsDraft | undefined,
): Omit<Problem, 'path'> | undefined {
  if (service.type === 'ExternalName') {
    return {
      reason: 'UnsupportedBackend',
      message: 'is of type ExternalName, which is refused; use a url backend',
    }
  }
  const ports = service.ports.filter(({ protocol }) => protocol === 'TCP')
  const port = ports.find((each) => each.port === wanted)
  if (port !== undefined) return protocolFault(wanted, port.appProtocol, tls !== undefined)
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

const withTlsOnly = new Set(['https', 'tls'])

function protocolFault(
  port: number,
  appProtocol: string | undefined,
  isTls: boolean,
): Omit<Problem, 'path'> | undefined {
  const name = appProtocol?.toLowerCase()
  if (name === undefined || !otherProtocols.has(name)) return undefined
  if (withTlsOnly.has(name)) {
    if (isTls) return undefined
    const message = `has appProtocol "${appProtocol}" on port ${port}; give the backend tls: { serverName, caRef }`
    return { reason: 'UnsupportedBackend', message }
  }
  const message = `has appProtocol "${appProtocol}" on port ${port}; only HTTP/1.1 can be spoken to a Service`
  return { reason: 'UnsupportedBackend', message }
}
