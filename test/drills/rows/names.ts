import type { Drill } from '../drill.ts'
import { fileOf, route } from '../manifests.ts'
import { type Answering, NameServer } from '../name-server.ts'
import { namesModule, preloadOf } from '../preload.ts'

const many = 512
const mostEndpoints = 64
const addresses = Array.from(
  { length: many },
  (_, i) => `127.3.${Math.floor(i / 128)}.${1 + (i % 128)}`,
)
const phases: readonly (readonly [string, Answering])[] = [
  ['SERVFAIL', 'servfail'],
  ['no address', []],
  [`${many} addresses`, addresses],
  ['SERVFAIL again', 'servfail'],
]
/** After a failure the gateway asks again in ten seconds. */
const phaseSeconds = 12

export const names: Drill = {
  name: 'names',
  what: `a url backend's name (TTL 1 s) gets SERVFAIL, no address, ${many} addresses, SERVFAIL, ${phaseSeconds} s each`,
  must: 'last good kept; bounded memory',
  seconds: 60,
  async run(stage) {
    const region = await stage.region('eu', { addresses })
    const server = new NameServer()
    await server.start()
    server.answering = addresses.slice(0, 2)
    const preload = preloadOf(namesModule(`127.0.0.1:${server.port}`))
    const url = `http://orders.drill.example:${region.plan.port}`
    const files = {
      'shop.yaml': fileOf([route('orders', { backends: [{ name: 'eu', region: 'eu', url }] })]),
    }
    const gateway = await stage.gateway({ files, preload: preload.url })
    const known = async () => (await gateway.endpoints()).length
    while ((await known()) === 0) await new Promise((resolve) => setTimeout(resolve, 50))
    const load = stage.load({ port: gateway.port })
    await stage.at(load, 5)
    const found = [await known()]
    const beforeKiB = gateway.residentKiB()
    for (const [name, answering] of phases) {
      server.answering = answering
      const asked = server.asked
      stage.say(name)
      await stage.at(load, load.nowMs / 1000 + phaseSeconds)
      found.push(await known())
      if (server.asked === asked) throw new Error(`nobody asked for the name in ${phaseSeconds} s`)
    }
    const grownMiB = (gateway.residentKiB() - beforeKiB) / 1024
    const samples = await load.stop()
    server.stop()
    preload.remove()
    const wanted = [2, 2, 2, mostEndpoints, mostEndpoints]
    return stage
      .findings(samples)
      .expect(`endpoints in use: ${found.join(', ')}`, found.join() === wanted.join())
      .expect(`memory grew by ${Math.round(grownMiB)} MiB`, grownMiB < 64)
  },
}
