import type { Endpoint } from '../../model/cluster.ts'
import type { EndpointSlice, Service, ServicePort, SliceEndpoint } from '../api/objects.ts'
import { compareTexts } from './order.ts'

/** The endpoints behind one port of a Service, and what was left out and why. */
export interface EndpointsFound {
  /** Sorted by address, then port; each once. */
  readonly endpoints: readonly Endpoint[]
  readonly faults: readonly string[]
}

/**
 * Endpoints by the membership rules of api.md (C6, CVE-2021-25740): slices of the Service's namespace that
 * carry its name label and are owned by it, or by anyone if it has no selector.
 */
export function endpointsOf(
  service: Service,
  portNumber: number,
  slices: readonly EndpointSlice[],
  isRefused: (address: string) => boolean,
): EndpointsFound {
  const port = service.ports.find((each) => each.port === portNumber && each.protocol === 'TCP')
  if (port === undefined) return { endpoints: [], faults: [] }
  const byPlace = new Map<string, Endpoint>()
  const faults: string[] = []
  for (const slice of [...slices].sort((a, b) => compareTexts(a.meta.name, b.meta.name))) {
    const { namespace, name } = slice.meta
    const fault = sliceFault(service, slice)
    if (fault !== undefined) {
      faults.push(`EndpointSlice "${namespace}/${name}" is left out: ${fault}`)
      continue
    }
    for (const endpoint of endpointsIn(slice, port)) {
      const key = `${endpoint.address} ${endpoint.port}`
      if (isRefused(endpoint.address))
        faults.push(`endpoint ${endpoint.address} is refused: ${refused}`)
      else if (byPlace.get(key)?.state !== 'ready') byPlace.set(key, endpoint)
    }
  }
  return { endpoints: Object.freeze([...byPlace.values()].sort(compareEndpoints)), faults }
}

const refused = 'loopback, link-local, metadata and special addresses may not be called'

function sliceFault(service: Service, slice: EndpointSlice): string | undefined {
  if (slice.addressType !== 'IPv4' && slice.addressType !== 'IPv6')
    return `its addressType is ${slice.addressType}`
  const { name, uid } = service.meta
  const owned = slice.owners.some(
    (owner) => owner.kind === 'Service' && owner.name === name && owner.uid === uid,
  )
  if (!service.hasSelector || owned) return undefined
  return `Service "${name}" has a selector and does not own it`
}

function endpointsIn(slice: EndpointSlice, servicePort: ServicePort): Endpoint[] {
  const port = slicePort(slice, servicePort)
  if (port === undefined) return []
  return slice.endpoints.flatMap(({ addresses, zones, ...conditions }) => {
    const state = stateOf(conditions)
    if (state === undefined) return []
    return addresses.map((address) =>
      Object.freeze({ address, port, state, ...(zones !== undefined && { zones }) }),
    )
  })
}

/** The port of a slice that belongs to a port of the Service: of the same name, as Kubernetes writes it; else the one its targetPort names. */
function slicePort(
  slice: EndpointSlice,
  { name, port, targetPort }: ServicePort,
): number | undefined {
  const ports = slice.ports.filter(({ protocol }) => protocol === 'TCP')
  const target = targetPort ?? port
  const found =
    ports.find((each) => each.name === name) ??
    ports.find((each) => (typeof target === 'string' ? each.name === target : each.port === target))
  return found && (found.port ?? (typeof target === 'number' ? target : undefined))
}

/** `serving` decides, and `terminating` endpoints are used last. An absent condition means yes (discovery/v1 EndpointConditions). */
function stateOf({
  ready,
  serving,
  terminating,
}: Omit<SliceEndpoint, 'addresses'>): Endpoint['state'] | undefined {
  if (!(serving ?? ready ?? true)) return undefined
  return terminating === true ? 'terminating' : 'ready'
}

const compareEndpoints = (a: Endpoint, b: Endpoint): number =>
  compareTexts(a.address, b.address) || a.port - b.port
