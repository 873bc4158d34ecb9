import dns from 'node:dns'
import fs from 'node:fs'
import { startAdmin } from '../base/admin.ts'
import { systemClock } from '../base/clock.ts'
import { systemDice } from '../base/dice.ts'
import { dieOnFault, takeSignals, untilStopped } from '../base/lifecycle.ts'
import { createLog, type Log } from '../base/log.ts'
import { findFacts } from '../base/runtime-facts.ts'
import { openStateFolder } from '../base/state-folder.ts'
import { proxyRoutes } from '../proxy/admin-routes.ts'
import type { DataPlane } from '../proxy/data-plane.ts'
import type { FeedCredentials, FeedTarget } from '../proxy/feed/connection.ts'
import { Feed } from '../proxy/feed/feed.ts'
import { Intake } from '../proxy/feed/intake.ts'
import { KeyFile } from '../proxy/feed/key-file.ts'
import { LastGoodFile } from '../proxy/feed/last-good-file.ts'
import { ProxyMetrics } from '../proxy/runtime/proxy-metrics.ts'
import { reporterOf } from '../proxy/runtime/report.ts'
import { openAccessLog } from './access-observer.ts'
import { threadPoolSize } from './config.ts'
import { openMetrics } from './process-metrics.ts'
import type { ProxyFlags } from './proxy.ts'
import { version } from './version.ts'

/** Runs until a signal asks it to stop. Faults at the start are told in one line and end the process with 1. */
export async function runProxy(flags: ProxyFlags): Promise<void> {
  const log = createLog(flags.logLevel)
  dieOnFault(log)
  takeSignals(log, 'the controller sends what changes; SIGUSR2 opens the access log anew')
  try {
    if (flags.state !== undefined) openStateFolder(flags.state)
    await run(flags, log)
  } catch (error) {
    process.stderr.write(`fairlead proxy: ${(error as Error).message}\n`)
    process.exit(1)
  }
}

async function run(flags: ProxyFlags, log: Log): Promise<void> {
  const { metrics, loop } = openMetrics(systemClock)
  const proxyMetrics = new ProxyMetrics(metrics)
  const accessLog = openAccessLog({ file: flags.accessLog, writers: 'one', log, metrics })
  const keyStore = flags.state === undefined ? undefined : new KeyFile(flags.state, log)
  const { createProxy } = await import('../proxy/main.ts')
  const proxy = createProxy({
    clock: systemClock,
    dice: systemDice,
    log,
    metrics: proxyMetrics,
    http: flags.http,
    ...(flags.https !== undefined && { https: flags.https }),
    region: flags.region,
    zone: flags.zone,
    // The search domains of a Pod lead to Services, of any namespace.
    absoluteNames: true,
    allowLoopback: false,
    ...(keyStore !== undefined && { keyStore }),
    ...accessLog?.observers,
  })
  const facts = findFacts(systemClock, threadPoolSize())
  const admin = await startAdmin(flags.admin, proxyRoutes({ proxy, metrics, loop, facts }))
  process.on('SIGUSR2', () => accessLog?.reopen())
  const stopFeed = startFeed(flags, proxy, proxyMetrics, log)
  await untilStopped(log)
  // What changes while it drains is followed, too: backends may go at the same time.
  await proxy.shutDown()
  await stopFeed()
  proxy.close()
  await admin.close()
  await keyStore?.settled()
  await accessLog?.close()
  process.exit(0)
}

/** Listens as soon as there is something to serve: what the controller sends, or what was last good. */
function startFeed(
  flags: ProxyFlags,
  proxy: DataPlane,
  metrics: ProxyMetrics,
  log: Log,
): () => Promise<void> {
  const file =
    flags.state === undefined ? undefined : new LastGoodFile(flags.state, log, systemClock)
  let isListening: Promise<void> | undefined
  const intake = new Intake(async ({ snapshot }) => {
    try {
      proxy.apply(snapshot)
    } catch (error) {
      metrics.refusedSnapshot()
      throw error
    }
    isListening ??= listen(proxy, flags, log)
    await isListening
  })
  const feed = new Feed({
    clock: systemClock,
    dice: systemDice,
    log,
    version,
    name: flags.name,
    namespace: flags.namespace,
    intake,
    targets: () => targetsOf(flags.controller),
    credentials: () => credentialsOf(flags),
    applied: (held) => file?.save(held),
    state: () => {},
    report: reporterOf(proxy.runtime),
    given: (sets) => void proxy.runtime.access.seed(sets),
  })
  void restore(intake, file, log).then(() => feed.run())
  return async () => {
    feed.close()
    await file?.settled()
  }
}

/** Without its port a proxy is of no use: it ends, so that somebody notices. */
async function listen(proxy: DataPlane, { http, https }: ProxyFlags, log: Log): Promise<void> {
  try {
    const port = await proxy.listen()
    log.info('listening', {
      http: `${http.host}:${port}`,
      ...(https !== undefined && { https: `${https.host}:${proxy.httpsPort}` }),
    })
  } catch (error) {
    log.error('it cannot listen', { error })
    process.exit(1)
  }
}

async function restore(intake: Intake, file: LastGoodFile | undefined, log: Log): Promise<void> {
  const held = file?.load()
  if (held === undefined) return
  const { epoch, sequence } = held
  await intake
    .restore(held)
    .then(() =>
      log.info('the last good snapshot is served until the controller answers', {
        epoch,
        sequence,
      }),
    )
    .catch((error: unknown) => log.error('the last good snapshot cannot be applied', { error }))
}

/** Every address behind the name, so that a standby is not the end of the search. */
async function targetsOf({ host, port }: ProxyFlags['controller']): Promise<FeedTarget[]> {
  const found = await dns.promises.lookup(host, { all: true })
  return found.map(({ address }) => ({ address, port, servername: host }))
}

function credentialsOf({ ca, token, cert, key }: ProxyFlags): FeedCredentials {
  const read = (file: string) => fs.readFileSync(file, 'utf8').trim()
  return {
    ca: read(ca),
    ...(token !== undefined && { token: read(token) }),
    ...(cert !== undefined && key !== undefined && { cert: read(cert), key: read(key) }),
  }
}
