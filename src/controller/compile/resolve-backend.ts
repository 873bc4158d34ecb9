import type { UpstreamTls } from '../../model/cluster.ts'
import type { Problem } from '../../model/problem.ts'
import type { Service } from '../api/objects.ts'
import { didYouMean } from '../api/suggest.ts'
import { type ClusterDraft, draftCluster, type ServiceDraft } from './draft-cluster.ts'
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
  const found = resolveService(lookup, from, backend)
  if (found !== undefined && 'reason' in found) return found
  const { id: _id, name: _name, ...identity } = backend.cluster
  const cluster =
    found?.protocol === 'H2C' && backend.protocol === undefined
      ? draftCluster({ ...identity, protocol: 'H2C' }, keeping.sharing)
      : backend.cluster
  return withTls(lookup, from, { ...backend, cluster }, keeping)
}

/** The same without what `tls` refers to, for what is fetched over HTTP/1.1. */
export function resolveTarget(
  lookup: Lookup,
  from: Referrer,
  backend: BackendDraft,
): ClusterDraft | Problem {
  const found = resolveService(lookup, from, backend)
  if (found !== undefined && 'reason' in found) return found
  if (found?.protocol !== 'H2C') return backend.cluster
  const message = `${backend.cluster.name} speaks HTTP/2 by its appProtocol; only HTTP/1.1 can be spoken here`
  return { reason: 'UnsupportedBackend', path: backend.where, message }
}

/** What its port says is spoken there. */
interface Spoken {
  readonly protocol: 'HTTP1' | 'H2C'
}

const http1: Spoken = { protocol: 'HTTP1' }
const h2c: Spoken = { protocol: 'H2C' }

function resolveService(
  lookup: Lookup,
  from: Referrer,
  backend: BackendDraft,
): Spoken | Problem | undefined {
  const { target } = backend.cluster
  return target.kind === 'service' ? spokenBy(lookup, from, target, backend) : undefined
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

function spokenBy(
  lookup: Lookup,
  from: Referrer,
  target: ServiceDraft,
  { where, tls, protocol }: BackendDraft,
): Spoken | Problem {
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
  const found = portOf(service, target.port, { isTls: tls !== undefined, said: protocol })
  if (!('reason' in found)) return found
  return { ...found, path: where, message: `${printTarget(ref)} ${found.message}` }
}

/** What the backend says by itself. */
interface Said {
  readonly isTls: boolean
  readonly said: BackendDraft['protocol']
}

function portOf(service: Service, wanted: number, said: Said): Spoken | Omit<Problem, 'path'> {
  if (service.type === 'ExternalName') {
    return {
      reason: 'UnsupportedBackend',
      message: 'is of type ExternalName, which is refused; use a url backend',
    }
  }
  const ports = service.ports.filter(({ protocol }) => protocol === 'TCP')
  const port = ports.find((each) => each.port === wanted)
  if (port !== undefined) return spokenOn(wanted, port.appProtocol, said)
  const has =
    ports.length === 0
      ? 'no TCP port at all'
      : ports
          .map((each) => each.port)
          .sort((a, b) => a - b)
          .join(', ')
  return { reason: 'BackendNotFound', message: `has no port ${wanted}; it has ${has}` }
}

/** HTTP/2 by prior knowledge (KEP-3726 and common usage). */
const withPriorKnowledge = new Set(['kubernetes.io/h2c', 'h2c', 'grpc'])
/** HTTP/2, but the name leaves open whether over TLS. */
const someHttp2 = new Set(['http2', 'grpcs'])
const withTlsOnly = new Set(['https', 'tls', 'grpcs'])
const unspoken = new Set(['kubernetes.io/wss', 'tcp'])

function spokenOn(
  port: number,
  appProtocol: string | undefined,
  { isTls, said }: Said,
): Spoken | Omit<Problem, 'path'> {
  const name = appProtocol?.toLowerCase() ?? ''
  const problem = (advice: string): Omit<Problem, 'path'> => ({
    reason: 'UnsupportedBackend',
    message: `has appProtocol "${appProtocol}" on port ${port}; ${advice}`,
  })
  if (unspoken.has(name)) return problem('only HTTP can be spoken to a Service')
  if (withTlsOnly.has(name) && !isTls) return problem('give the backend tls: { serverName, caRef }')
  if (someHttp2.has(name) && said === undefined)
    return problem(`give the backend protocol: ${isTls ? 'HTTP2' : 'H2C'}`)
  if (!withPriorKnowledge.has(name)) return http1
  if (said === undefined && isTls)
    return problem('with tls the backend must say its protocol: HTTP2 or HTTP1')
  return h2c
}
