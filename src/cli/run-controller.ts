import { readFile } from 'node:fs/promises'
import { type AdminRoute, startAdmin } from '../base/admin.ts'
import { ApiClient } from '../base/api-client.ts'
import { systemClock } from '../base/clock.ts'
import { systemDice } from '../base/dice.ts'
import type { EventLoop } from '../base/event-loop.ts'
import { dieOnFault, takeSignals, untilStopped } from '../base/lifecycle.ts'
import { livenessRoute } from '../base/liveness.ts'
import { createLog, type Log } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import type { ClusterController } from '../controller/cluster-controller.ts'
import { ControllerMetrics } from '../controller/controller-metrics.ts'
import type { OwnerReference } from '../controller/publish/api-objects.ts'
import type { ControllerState } from '../controller/state.ts'
import { apiAccess } from './api-access.ts'
import type { ControllerFlags } from './controller.ts'
import { openMetrics } from './process-metrics.ts'
import { reportProblems } from './report-problems.ts'
import { version } from './version.ts'

/** Runs until a signal asks it to stop. Faults at the start are told in one line and end the process with 1. */
export async function runController(flags: ControllerFlags): Promise<void> {
  const log = createLog(flags.logLevel)
  dieOnFault(log)
  takeSignals(log, 'the cluster and the settings are watched')
  try {
    await run(flags, log)
  } catch (error) {
    process.stderr.write(`fairlead controller: ${(error as Error).message}\n`)
    process.exit(1)
  }
}

async function run(flags: ControllerFlags, log: Log): Promise<void> {
  // From the beginning: process 1 of a container that takes no signal is killed when its grace is over.
  const stopped = untilStopped(log)
  let close: (() => Promise<void>) | undefined
  const begun = (end: () => Promise<void>) => {
    close = end
  }
  await Promise.race([start(flags, log, begun), stopped])
  await stopped
  await close?.()
  process.exit(0)
}

/** @param begun is told how to end what runs, before it does */
async function start(
  flags: ControllerFlags,
  log: Log,
  begun: (close: () => Promise<void>) => void,
): Promise<void> {
  const { metrics, loop } = openMetrics(systemClock)
  const counts = new ControllerMetrics(metrics)
  const client = new ApiClient(await apiAccess(flags.kubeconfig), systemClock)
  let state: ControllerState | undefined
  const [{ ClusterController }, { CertificateLog, defaultCertificateOf }] = await Promise.all([
    import('../controller/cluster-controller.ts'),
    import('../controller/certificate-log.ts'),
  ])
  const certificates = new CertificateLog(systemClock, log)
  const controller = new ClusterController({
    client,
    clock: systemClock,
    dice: systemDice,
    log,
    version,
    namespace: flags.namespace,
    identity: flags.name,
    installation: flags.installation,
    watchNamespaces: flags.watchNamespaces,
    secretNamespaces: flags.secretNamespaces,
    className: flags.class,
    settings: flags.settings,
    push: flags.push,
    dnsNames:
      flags.pushNames.length > 0 ? flags.pushNames : [`fairlead-controller.${flags.namespace}.svc`],
    ...(flags.pushClientCa !== undefined && { clientCa: readerOf(flags.pushClientCa) }),
    proxyService: flags.proxyService,
    proxyServiceAccount: flags.proxyServiceAccount,
    owners: await ownersOf(client, flags),
    compiled: (next) => {
      // Objects have conditions and Events to say so; the settings have nothing else.
      reportProblems(next.problems, state?.problems ?? [], log)
      certificates.update(defaultCertificateOf(next))
      state = next
      counts.compiled(next)
    },
    propagated: (seconds) => counts.propagated(seconds),
    restarted: (kind) => counts.restarted(kind),
  })
  begun(async () => {
    certificates.close()
    await controller.close()
    client.close()
  })
  counts.watch(controller)
  await startAdmin(flags.admin, routes(controller, { metrics, loop, state: () => state }))
  if (flags.watchNamespaces.length > 0)
    log.info('only some namespaces are served: annotations of namespaces are not read', {
      namespaces: flags.watchNamespaces,
    })
  await controller.start()
}

const readerOf = (file: string) => (): Promise<string> => readFile(file, 'utf8')

/** What we make goes when this ConfigMap goes, which we may read anyway. */
async function ownersOf(
  client: ApiClient,
  { owner, namespace }: ControllerFlags,
): Promise<readonly OwnerReference[]> {
  if (owner === undefined) return []
  const path = `/api/v1/namespaces/${namespace}/configmaps/${owner}`
  const { metadata } = await client.request<{ metadata: { uid: string } }>({ method: 'GET', path })
  return [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid: metadata.uid }]
}

/** What the pages are made of, besides the controller. */
interface ControllerPages {
  readonly metrics: Metrics
  readonly loop: EventLoop
  readonly state: () => ControllerState | undefined
}

const routes = (
  controller: ClusterController,
  { metrics, loop, state }: ControllerPages,
): AdminRoute[] => [
  livenessRoute(loop, 'the event loop turns'),
  {
    path: '/readyz',
    what: 'everything is listed and proxies may subscribe',
    isLocal: false,
    answer: () =>
      controller.missing === undefined
        ? { status: 200, body: 'ok\n' }
        : { status: 503, body: `not ready: ${controller.missing}\n` },
  },
  {
    path: '/metrics',
    what: 'Prometheus metrics',
    isLocal: false,
    answer: async () => ({
      status: 200,
      body: await metrics.exposition(),
      contentType: metrics.contentType,
    }),
  },
  {
    path: '/debug/status',
    what: 'conditions of every object',
    isLocal: true,
    answer: () => ({
      status: 200,
      body: { statuses: state()?.statuses ?? [], problems: state()?.problems ?? [] },
    }),
  },
  {
    path: '/debug/proxies',
    what: 'subscribed proxies and what they serve',
    isLocal: true,
    answer: () => ({
      status: 200,
      body: {
        leads: controller.leads,
        proxies: controller.proxies.map(
          ({ namespace, name, version: runs, address, acknowledged, refused }) => ({
            namespace,
            name,
            version: runs,
            address,
            acknowledged,
            refused,
          }),
        ),
      },
    }),
  },
]
