import type { ServiceTarget } from '../../model/snapshot.ts'

/** Where an endpoint of a cluster is, and what its source says of it. */
export interface Address {
  readonly address: string
  readonly port: number
  readonly terminating: boolean
  readonly zone: string | undefined
}

export const serviceAddresses = ({ endpoints }: ServiceTarget): readonly Address[] =>
  endpoints.map(({ address, port, state, zone }) => ({
    address,
    port,
    zone,
    terminating: state === 'terminating',
  }))

export const resolvedAddresses = (addresses: readonly string[], port: number): readonly Address[] =>
  addresses.map((address) => ({ address, port, zone: undefined, terminating: false }))
