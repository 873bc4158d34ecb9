import { systemClock } from '../base/clock.ts'
import { systemDice } from '../base/dice.ts'
import { leaveSignals } from '../base/lifecycle.ts'
import type { Log } from '../base/log.ts'
import { samplesOf } from '../base/metric-sum.ts'
import { findFacts } from '../base/runtime-facts.ts'
import { proxyRoutes } from '../proxy/admin-routes.ts'
import { KeyFile } from '../proxy/feed/key-file.ts'
import { ProxyMetrics } from '../proxy/runtime/proxy-metrics.ts'
import type { FromWorker, Question, ToWorker } from '../proxy/workers/messages.ts'
import { type Served, WorkerLink, type WorkerOptions } from '../proxy/workers/worker.ts'
import { openAccessLog } from './access-observer.ts'
import { threadPoolSize } from './config.ts'
import { openMetrics } from './process-metrics.ts'
import type { StandaloneFlags } from './standalone.ts'

/** A data plane among others, under a supervisor. When that is gone, Node ends this process, too. */
export async function serveAsWorker(flags: StandaloneFlags, log: Log): Promise<void> {
  leaveSignals()
  const { createProxy } = await import('../proxy/main.ts')
  const link = new WorkerLink({
    clock: systemClock,
    send: (message: FromWorker, sent = () => {}) =>
      void process.send?.(message, undefined, undefined, sent),
    open: openWith(flags, log, createProxy),
    exit: (code) => process.exit(code),
  })
  process.on('message', (message: ToWorker) => link.receive(message))
}

type CreateProxy = typeof import('../proxy/main.ts').createProxy

const openWith =
  (flags: StandaloneFlags, log: Log, createProxy: CreateProxy): WorkerOptions['open'] =>
  (_, share, health): Served => {
    const { metrics, loop } = openMetrics(systemClock)
    const proxyMetrics = new ProxyMetrics(metrics)
    const accessLog = openAccessLog({ file: flags.accessLog, writers: 'several', log, metrics })
    const keyStore = flags.state === undefined ? undefined : new KeyFile(flags.state, log)
    const proxy = createProxy({
      clock: systemClock,
      dice: systemDice,
      log,
      metrics: proxyMetrics,
      http: flags.http,
      ...(flags.https !== undefined && { https: flags.https }),
      region: flags.region,
      allowLoopback: flags.allowLoopback ?? false,
      ...(keyStore !== undefined && { keyStore }),
      share,
      health,
      ...accessLog?.observers,
    })
    const facts = findFacts(systemClock, threadPoolSize())
    const routes = proxyRoutes({ proxy, metrics, loop, facts })
    const clusterOf = (id: string) => proxy.runtime.clusters.get(id)
    const answer = async (question: Question) => {
      if (question.kind === 'samples')
        return { kind: 'samples', samples: await samplesOf(metrics.registry) } as const
      const route = routes.find(({ path }) => path === question.path)
      const page = await route?.answer(new URLSearchParams(question.query))
      return { kind: 'page', status: page?.status ?? 404, body: page?.body } as const
    }
    return {
      pages: routes.filter(({ isLocal }) => isLocal).map(({ path, what }) => ({ path, what })),
      apply: (snapshot) => proxy.apply(snapshot),
      refused: () => proxyMetrics.refusedSnapshot(),
      listen: () => proxy.listen(),
      get httpsPort() {
        return proxy.httpsPort
      },
      probed: (report) => clusterOf(report.cluster)?.probeReported(report),
      ejected: (ejection) => clusterOf(ejection.cluster)?.ejectedElsewhere(ejection),
      answer,
      reopen: () => accessLog?.reopen(),
      stop: async () => {
        await proxy.shutDown()
        await keyStore?.settled()
        await accessLog?.close()
      },
    }
  }
