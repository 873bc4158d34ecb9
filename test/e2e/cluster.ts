import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Manifest } from './objects.ts'

/** Where the chart is installed, and where routes and backends of the tests live. */
export const home = 'fairlead-e2e'
export const shop = 'fairlead-e2e-shop'
export const release = 'fairlead'

/** Already in the cluster. The second one is what `helm upgrade` goes to; the same program will do. */
export const image = process.env['FAIRLEAD_IMAGE'] ?? 'localhost/fairlead:lab'
export const nextImage = process.env['FAIRLEAD_NEXT_IMAGE'] ?? 'localhost/fairlead:next'

/** Program of the lab, where API server and kubelet can be stopped. Undefined on other clusters. */
export const lab = process.env['FAIRLEAD_LAB']

/** Standard output of a command; rejects with what it said on standard error. */
export async function run(file: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let out = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (out += part))
  child.stderr.setEncoding('utf8').on('data', (part: string) => (errors += part))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: ${errors || out}`)
  return out
}

export const kubectl = (...args: string[]): Promise<string> => run('kubectl', args)

export const helm = (...args: string[]): Promise<string> => run('helm', args)

export const apply = (...objects: readonly Manifest[]): Promise<string> =>
  run(
    'kubectl',
    ['apply', '--server-side', '--force-conflicts', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  )

export async function read<T>(...args: string[]): Promise<T> {
  return JSON.parse(await kubectl('get', ...args, '-o', 'json')) as T
}

export const chartValues = (of: string): string[] => {
  const at = of.lastIndexOf(':')
  return [
    '--set',
    `image.repository=${of.slice(0, at)},image.tag=${of.slice(at + 1)}`,
    '--set',
    `proxy.accessLog=off,secretNamespaces={${shop}}`,
  ]
}

export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string }
  readonly status: {
    readonly podIP: string
    readonly containerStatuses?: readonly {
      readonly restartCount: number
      readonly ready: boolean
    }[]
  }
}

export async function pods(
  component: 'controller' | 'proxy',
  from = release,
): Promise<readonly Pod[]> {
  const selector = `app.kubernetes.io/instance=${from},app.kubernetes.io/component=${component}`
  const { items } = await read<{
    items: readonly (Pod & { metadata: { deletionTimestamp?: string } })[]
  }>('pods', '-n', home, '-l', selector)
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}

/** Who leads, by the Lease. */
export const leader = (): Promise<string> =>
  kubectl('get', 'lease', '-n', home, release, '-o', 'jsonpath={.spec.holderIdentity}')

/** The load balancer of the proxies. */
export async function address(): Promise<string> {
  return until(async () => {
    const jsonpath = 'jsonpath={.status.loadBalancer.ingress[0].ip}'
    const ip = await kubectl('get', 'service', '-n', home, `${release}-proxy`, '-o', jsonpath)
    return ip === '' ? undefined : ip
  }, 'an address of the load balancer')
}

/** Asks again until there is an answer. */
export async function until<T>(
  look: () => Promise<T | undefined>,
  what: string,
  seconds = 60,
  everyMs = 50,
): Promise<T> {
  const untilMs = performance.now() + seconds * 1000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > untilMs) throw new Error(`waited ${seconds} s for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

/** `kubectl wait` for a condition of the current generation. */
export const waitFor = (condition: string, object: string, namespace = shop): Promise<string> =>
  kubectl('wait', `--for=condition=${condition}`, object, '-n', namespace, '--timeout=60s')

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly observedGeneration: number
}

export async function conditions(object: string, namespace = shop): Promise<readonly Condition[]> {
  const { status } = await read<{ status?: { conditions?: readonly Condition[] } }>(
    object,
    '-n',
    namespace,
  )
  return status?.conditions ?? []
}
