import type { Endpoint } from '../../model/snapshot.ts'
import { compareTexts } from './order.ts'
import type { EndpointSlice, Service, ServicePort, SliceEndpoint } from './world.ts'

/** The endpoints behind one port of a Service, and what was left out and why. */
export interface EndpointsFound {
  /** Sorted by address, then port; each once. */
  readonly endpoints: readonly Endpoint[]
  readonly faults: readonly string[]
}

/** Says why an address may not be a backend, or undefined. */
export type AddressRefusal = (address: string) => string | undefined

/**
 * Endpoints by the membership rules of api.md (C6, CVE-2021-25740): slices of the Service's namespace that
 * carry its name label and are owned by it, or by anyone if it has no selector.
 */
export function endpointsOf(
  service: Service,
  portNumber: number,
  slices: readonly EndpointSlice[],
  refusalOf: AddressRefusal,
): EndpointsFound {
  const port = service.ports.find((each) => each.port === portNumber && each.protocol === 'TCP')
  if (port === undefined) return { endpoints: [], faults: [] }
  const byPlace = new Map<string, Endpoint>()
  const faults: string[] = []
  for (const slice of [...slices].sort((a, b) => compareTexts(a.meta.name, b.meta.name))) {
    const fault = sliceFault(service, slice)
    if (fault !== undefined)
      faults.push(
        `EndpointSlice "${slice.meta.namespace}/${slice.meta.name}" is left out: ${fault}`,
      )
    else addSlice(byPlace, faults, slice, port, refusalOf)
  }
  return { endpoints: [...byPlace.values()].sort(compareEndpoints), faults: faults }
}

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

function addSlice(
  byPlace: Map<string, Endpoint>,
  faults: string[],
  slice: EndpointSlice,
  servicePort: ServicePort,
  refusalOf: AddressRefusal,
): void {
  const port = slicePort(slice, servicePort)
  if (port === undefined) return
  for (const each of slice.endpoints) {
    const state = stateOf(each)
    if (state === undefined) continue
    for (const address of each.addresses) {
      const refusal = refusalOf(address)
      const key = `${address} ${port}`
      if (refusal !== undefined) faults.push(`endpoint ${address} is refused: ${refusal}`)
      else if (byPlace.get(key)?.state !== 'ready')
        byPlace.set(key, endpointOf(address, port, state, each.zone))
    }
  }
}

const endpointOf = (
  address: string,
  port: number,
  state: Endpoint['state'],
  zone: string | undefined,
): Endpoint => Object.freeze({ address, port, state, ...(zone !== undefined && { zone }) })

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
function stateOf({ ready, serving, terminating }: SliceEndpoint): Endpoint['state'] | undefined {
  if (!(serving ?? ready ?? true)) return undefined
  return terminating === true ? 'terminating' : 'ready'
}

const compareEndpoints = (a: Endpoint, b: Endpoint): number =>
  compareTexts(a.address, b.address) || a.port - b.port
