import * as grpc from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
import { backendOver, backendSpec, startRig, type Wires } from './gateway.ts'
import { healthService, notServing, serving } from './health-service.ts'
import { get } from './peers.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

interface ClusterPage {
  readonly endpoints: readonly {
    readonly healthy: boolean
    readonly lastFailure?: { readonly reason?: string }
  }[]
}

const handlers = {
  get: (_: unknown, answer: grpc.sendUnaryData<Buffer>) => answer(null, Buffer.from('served')),
}
const quick = { interval: '50ms', unhealthyInterval: '50ms', healthy: 1, unhealthy: 1 }

describe.each<Wires>(['plaintext', 'TLS'])('a health service of grpc-js, %s', (wires) => {
  async function rig(service: string | undefined, statuses: Map<string, number> | undefined) {
    const asked: string[] = []
    const backend = await backendOver(wires, handlers, statuses && healthService(statuses, asked))
    open.push(backend)
    const rule = {
      health: {
        active: { ...quick, grpc: service === undefined ? {} : { service } },
        slowStart: '0s',
        passive: { ejectFor: '1ms' },
      },
      backends: [backendSpec(wires, backend.port)],
    }
    const all = await startRig(wires, rule)
    open.push(all)
    /** Resolves when the endpoint is so; why it was not healthy the last time. */
    const until = async (healthy: boolean): Promise<string | undefined> => {
      const [page] = await all.gateway.program.until<ClusterPage[]>(
        '/debug/backends',
        ([each]) => each?.endpoints[0]?.healthy === healthy,
      )
      return page?.endpoints[0]?.lastFailure?.reason
    }
    return { ...all, asked, until }
  }

  test('SERVING, then NOT_SERVING, then SERVING again', async () => {
    const statuses = new Map([['shop.Orders', serving]])
    const { client, until, asked } = await rig('shop.Orders', statuses)
    await until(true)
    expect((await get(client)).text).toBe('served')
    statuses.set('shop.Orders', notServing)
    expect(await until(false)).toContain('not_serving')
    // With nothing healthy a trial may pass now and then; all others are told.
    while ((await get(client)).code !== grpc.status.UNAVAILABLE);
    statuses.set('shop.Orders', serving)
    await until(true)
    expect((await get(client)).text).toBe('served')
    expect(new Set(asked)).toEqual(new Set(['shop.Orders']))
  })

  test('a service that the backend does not know', async () => {
    const { until } = await rig('shop.Gone', new Map([['', serving]]))
    expect(await until(false)).toContain('grpc_status_5')
  })

  test('the whole server', async () => {
    const { until, asked } = await rig(undefined, new Map([['', notServing]]))
    expect(await until(false)).toContain('not_serving')
    expect(asked[0]).toBe('')
  })

  test('UNIMPLEMENTED: there is no health service', async () => {
    const { until } = await rig('shop.Orders', undefined)
    expect(await until(false)).toContain('grpc_status_12')
  })
})
