import type https from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import type { ApiAccess } from '../base/api-client.ts'

/** As kubectl finds its way: the file given, KUBECONFIG, ~/.kube/config, or the Pod's own account. */
export async function apiAccess(file: string | undefined): Promise<ApiAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config: KubeConfig = new KubeConfig()
  if (file === undefined) config.loadFromDefault()
  else config.loadFromFile(file)
  const server = config.getCurrentCluster()?.server
  if (server === undefined) throw new Error('no cluster is configured; give --kubeconfig')
  return {
    server,
    async options() {
      const options: https.RequestOptions = { headers: {} }
      await config.applyToHTTPSOptions(options)
      const { agent: _, ...rest } = options
      return rest
    },
  }
}
