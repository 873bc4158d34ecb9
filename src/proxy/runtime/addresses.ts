import type { ServiceTarget } from '../../model/cluster.ts'

/** Where an endpoint of a cluster is, and what its source says of it. */
export interface Address {
  readonly address: string
  readonly port: number
  readonly terminating: boolean
  /** Zones whose proxies should prefer it; undefined: its source has no opinion. */
  readonly zones: readonly string[] | undefined
}

export const serviceAddresses = ({ endpoints }: ServiceTarget): readonly Address[] =>
  endpoints.map(({ address, port, state, zones }) => ({
    address,
    port,
    zones,
    terminating: state === 'terminating',
  }))

export const resolvedAddresses = (addresses: readonly string[], port: number): readonly Address[] =>
  addresses.map((address) => ({ address, port, zones: undefined, terminating: false }))
