import type { ApiClient } from '../../base/api-client.ts'
import { type OwnerReference, readObject } from './api-objects.ts'
import type { LeaseStore } from './leader-election.ts'
import type { Lease } from './lease.ts'

const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }

/** The Lease of an installation at the API server. It goes with its owners. */
export function apiLease(
  client: ApiClient,
  namespace: string,
  name: string,
  ownerReferences: readonly OwnerReference[],
): LeaseStore {
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
  const path = `${collection}/${name}`
  return {
    read: () => readObject<Lease>(client, path),
    create: (lease) =>
      client.request<Lease>({
        method: 'POST',
        path: collection,
        body: { ...lease, ...kind, metadata: { ...lease.metadata, ownerReferences } },
      }),
    replace: (lease) => client.request<Lease>({ method: 'PUT', path, body: { ...lease, ...kind } }),
  }
}
