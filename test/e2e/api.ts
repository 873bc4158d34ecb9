import { readdirSync, readFileSync } from 'node:fs'
import type https from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import { ApiClient } from '../../src/base/api-client.ts'
import { systemClock } from '../../src/base/clock.ts'
import { shop } from './cluster.ts'
import type { Manifest } from './objects.ts'

/** The API server as KUBECONFIG says, for what kubectl is too slow for. */
export function apiClient(): ApiClient {
  const config = new KubeConfig()
  config.loadFromDefault()
  const server = config.getCurrentCluster()?.server ?? ''
  const options = async () => {
    const own: https.RequestOptions = { headers: {} }
    await config.applyToHTTPSOptions(own)
    const { agent: _, ...rest } = own
    return rest
  }
  return new ApiClient({ server, options }, systemClock)
}

const routes = `/apis/fairlead.dev/v1alpha1/namespaces/${shop}/apiroutes`

export const create = (client: ApiClient, body: Manifest): Promise<unknown> =>
  client.request({ method: 'POST', path: routes, body })

export const remove = (client: ApiClient, name: string): Promise<unknown> =>
  client.request({ method: 'DELETE', path: `${routes}/${name}` })

/** How many routes there are, and how many of them are not Programmed. */
export async function programmed(client: ApiClient): Promise<{ all: number; waiting: number }> {
  let all = 0
  let waiting = 0
  let token = ''
  do {
    const page = await client.request<{
      metadata: { continue?: string }
      items: { status?: { conditions?: { type: string; status: string }[] } }[]
    }>({ method: 'GET', path: `${routes}?limit=500&continue=${encodeURIComponent(token)}` })
    all += page.items.length
    waiting += page.items.filter(
      ({ status }) =>
        !status?.conditions?.some(({ type, status: is }) => type === 'Programmed' && is === 'True'),
    ).length
    token = page.metadata.continue ?? ''
  } while (token !== '')
  return { all, waiting }
}

/** Writes that the API server has taken, of our objects' statuses or of all but leases, events and reviews. */
export async function writes(raw: string, what: 'statuses' | 'all'): Promise<number> {
  return raw
    .split('\n')
    .filter((line) => /^apiserver_request_total\{.*verb="(POST|PUT|PATCH|APPLY|DELETE)"/.test(line))
    .filter((line) =>
      what === 'statuses'
        ? /resource="api(routes|authorizers)".*subresource="status"/.test(line)
        : /group="fairlead.dev"|resource="(secrets|configmaps)"/.test(line),
    )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

/** Process of a container on this machine, found by its Pod's name: where the lab is. */
export function processOf(pod: string): number {
  const found = readdirSync('/proc').find((entry) => {
    if (!/^\d+$/.test(entry)) return false
    try {
      return readFileSync(`/proc/${entry}/environ`, 'utf8')
        .split('\0')
        .includes(`FAIRLEAD_NAME=${pod}`)
    } catch {
      return false
    }
  })
  if (found === undefined) throw new Error(`no process of Pod ${pod} is on this machine`)
  return Number(found)
}
