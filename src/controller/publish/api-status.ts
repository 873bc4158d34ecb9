import type { ApiClient } from '../../base/api-client.ts'
import type { ObjectStatus } from '../../model/problem.ts'
import { ourVersion } from './api-objects.ts'
import type { StatusCondition } from './status-conditions.ts'

const plurals: Readonly<Record<string, string>> = {
  ApiRoute: 'apiroutes',
  ApiAuthorizer: 'apiauthorizers',
}

/** Who writes our conditions; nobody else's are touched (server-side apply, C13). */
const fieldManager = 'fairlead-controller'

/** Writes conditions on the status subresource. The uid sees to it that an object made anew does not get them. */
export const writeStatus =
  (client: ApiClient) =>
  async (
    { kind, namespace, name, uid, rules }: ObjectStatus,
    conditions: readonly StatusCondition[],
  ): Promise<void> => {
    await client.request({
      method: 'PATCH',
      path: `/apis/${ourVersion}/namespaces/${namespace}/${plurals[kind]}/${name}/status?fieldManager=${fieldManager}&force=true`,
      contentType: 'application/apply-patch+yaml',
      body: {
        apiVersion: ourVersion,
        kind,
        metadata: { namespace, name, uid },
        status: { ...(rules !== undefined && { rules }), conditions },
      },
    })
  }
