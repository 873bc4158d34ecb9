import { apply, chartValues, helm, home, image, kubectl, release, shop } from './cluster.ts'
import { backend, namespace } from './objects.ts'

/** Installs the chart, as its users do, and a backend; takes both away in the end. */
export async function setup(): Promise<() => Promise<void>> {
  await kubectl('version').catch((error: Error) => {
    throw new Error(`no cluster answers; set KUBECONFIG: ${error.message}`)
  })
  await remove()
  await apply(namespace(home), namespace(shop))
  const values = chartValues(image)
  await helm('install', release, 'helm/fairlead', '-n', home, ...values, '--wait', '--timeout=120s')
  await apply(...backend('echo'))
  await kubectl('rollout', 'status', 'deployment/echo', '-n', shop, '--timeout=60s')
  return remove
}

async function remove(): Promise<void> {
  await helm('uninstall', release, '-n', home, '--wait', '--ignore-not-found')
  await kubectl('delete', 'namespace', home, shop, '--ignore-not-found', '--wait')
  const own = ['apiroutes.fairlead.dev', 'apiauthorizers.fairlead.dev']
  await kubectl('delete', 'crd', ...own, '--ignore-not-found')
}
