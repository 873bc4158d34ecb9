import { fetchJson } from '../../base/fetch-json.ts'
import { isForbiddenAddress } from '../../model/address.ts'
import type { Endpoint, FetchedKeys } from '../../model/key-source.ts'

/** By the rules of a proxy in a cluster (C7, J18). */
export const fetchKeys = (url: URL, connectTo?: Endpoint): Promise<FetchedKeys> =>
  fetchJson(url, {
    allowLoopback: false,
    isForbidden: isForbiddenAddress,
    absoluteNames: true,
    connectTo,
  })
