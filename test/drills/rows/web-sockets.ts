import { largestBurst } from '../burst.ts'
import type { Drill } from '../drill.ts'
import { fileOf, host, route } from '../manifests.ts'
import { QuietClients, startEcho } from '../web-sockets.ts'
import { percent, seconds } from './two-regions.ts'

const wanted = 5000
const pushes = 20
const drainSeconds = 30
const mostKiB = 24
/** Closed within a tenth of a second at most, of all. */
const mostAtOnce = 0.1

export const webSockets: Drill = {
  name: 'web-sockets',
  what: `${wanted} quiet WebSockets during ${pushes} config pushes and a drain`,
  must: `at most ${mostKiB} KiB each; none dropped by a change that does not concern their route; closed only at the end of the drain, spread out`,
  seconds: 75,
  async run(stage) {
    const echo = await startEcho()
    const backends = [{ name: 'b', url: `http://127.0.0.1:${echo.port}`, maxConnections: 20_000 }]
    const upgrade = { webSocket: true }
    const live = route('live', { backends, upgrade, timeouts: { idle: '10m' } })
    const gateway = await stage.gateway({ files: { 'live.yaml': fileOf([live]) } })
    const first = new QuietClients(gateway.port, host)
    await first.connect(100)
    await first.talk()
    first.end()
    await settle()
    const beforeKiB = gateway.residentKiB()
    const clients = new QuietClients(gateway.port, host)
    await clients.connect(wanted)
    stage.say(`${clients.open} WebSockets are open`)
    await settle()
    const eachKiB = (gateway.residentKiB() - beforeKiB) / wanted
    for (let push = 0; push < pushes; push++) {
      const respond = { status: 200, body: String(push) }
      gateway.write('other.yaml', fileOf([route('other', { respond }, 'other.shop.example')]))
      await new Promise((resolve) => setTimeout(resolve, 400))
    }
    const heard = await clients.talk()
    stage.say('drain')
    const fromMs = performance.now()
    const code = await gateway.stop((drainSeconds + 15) * 1000)
    const tookMs = performance.now() - fromMs
    const firstMs = Math.min(...clients.closedMs) - fromMs
    const burst = largestBurst(clients.closedMs) / wanted
    const left = clients.open
    clients.end()
    echo.close()
    return stage
      .quiet()
      .expect(`${wanted - clients.failed} WebSockets`, clients.failed === 0)
      .expect(`${eachKiB.toFixed(1)} KiB each (RSS)`, eachKiB <= mostKiB)
      .expect(`${heard} answer after the pushes`, heard === wanted)
      .expect(
        `the first was closed ${seconds(firstMs)} after the signal`,
        firstMs > drainSeconds * 700,
      )
      .expect(`at most ${percent(burst)} closed within 0.1 s`, burst <= mostAtOnce)
      .expect(
        `the drain took ${seconds(tookMs)}, exit code ${code}`,
        code === 0 && tookMs < drainSeconds * 1000,
      )
      .expect(`${left} left open`, left === 0)
  },
}

/** What was allocated on the way is collected when nothing happens for a while. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5000))
