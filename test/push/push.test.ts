import { afterEach, describe, expect, test } from 'vitest'
import { createAuthority, issueCertificate } from '../../src/controller/publish/authority.ts'
import { Intake } from '../../src/proxy/feed/intake.ts'
import {
  authority,
  clientWith,
  serverPair,
  snapshotOf,
  startFeed,
  startServer,
  until,
} from './set-up.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function leading(...args: Parameters<typeof startServer>) {
  const started = await startServer(...args)
  open.push(() => started.server.close())
  started.server.lead(1)
  return started
}

function fed(...args: Parameters<typeof startFeed>) {
  const started = startFeed(...args)
  open.push(() => started.feed.close())
  return started
}

const a = snapshotOf('a.example')
const ab = snapshotOf('a.example', 'b.example')
const abc = snapshotOf('a.example', 'b.example', 'c.example')

describe('the way of a configuration', () => {
  test('what is published before a proxy subscribes reaches it whole, and is acknowledged', async () => {
    const { server, port } = await leading()
    server.publish({ epoch: 1, sequence: 1, snapshot: ab, changedMs: 0 })
    const { applied } = fed([port])
    await until(() => server.proxies[0]?.acknowledged?.sequence === 1)
    expect(applied.map(({ snapshot }) => snapshot)).toEqual([ab])
    expect(server.proxies).toMatchObject([
      { namespace: 'shop', name: 'a', acknowledged: { epoch: 1, sequence: 1, digest: ab.digest } },
    ])
  })

  test('a change comes as a change: what it does not name stays the same object', async () => {
    const { server, port } = await leading()
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    const { applied } = fed([port])
    await until(() => applied.length === 1)
    server.publish({ epoch: 1, sequence: 2, snapshot: ab, changedMs: 0 })
    await until(() => applied.length === 2)
    expect(applied[1]?.snapshot).toEqual(ab)
    expect(applied[1]?.snapshot.hosts[0]).toBe(applied[0]?.snapshot.hosts[0])
  })

  test('a storm is not queued: a slow proxy gets the newest when it is done with the one before', async () => {
    const { server, port } = await leading()
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const seen: string[] = []
    const intake = new Intake(async ({ snapshot }) => {
      seen.push(snapshot.digest)
      if (seen.length === 1) await gate
    })
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    fed([port], { intake })
    await until(() => seen.length === 1)
    for (let sequence = 2; sequence <= 50; sequence++)
      server.publish({ epoch: 1, sequence, snapshot: sequence % 2 === 0 ? ab : abc, changedMs: 0 })
    release()
    await until(() => server.proxies[0]?.acknowledged?.sequence === 50)
    expect(seen).toEqual([a.digest, ab.digest])
  })

  test('a proxy that comes back with what is newest is sent nothing, and counts as having it', async () => {
    const { server, port } = await leading()
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    const intake = new Intake(() => {})
    await intake.restore({ epoch: 1, sequence: 1, snapshot: a })
    const { applied } = fed([port], { intake })
    await until(() => server.proxies[0]?.acknowledged !== undefined)
    expect(applied).toEqual([])
  })
})

test('K6: a new leader that publishes what a proxy has already: the proxy learns the epoch, and counts as serving it', async () => {
  const { server, port } = await leading()
  server.publish({ epoch: 2, sequence: 1, snapshot: a, changedMs: 0 })
  const seen: string[] = []
  const intake = new Intake(({ snapshot }) => void seen.push(snapshot.digest))
  await intake.restore({ epoch: 1, sequence: 9, snapshot: a })
  fed([port], { intake })
  await until(() => server.proxies[0]?.acknowledged?.epoch === 2)
  expect(intake.held).toMatchObject({ epoch: 2, sequence: 1 })
  expect(seen).toEqual([a.digest])
  server.publish({ epoch: 2, sequence: 2, snapshot: ab, changedMs: 0 })
  await until(() => server.proxies[0]?.acknowledged?.sequence === 2)
  expect(seen).toEqual([a.digest, ab.digest])
})

describe('refusals', () => {
  test('what cannot be applied is refused with the reason, and the one before stays', async () => {
    const { server, port } = await leading()
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    const { intake } = fed([port], {
      apply: ({ snapshot }) => {
        if (snapshot.digest === ab.digest) throw new Error('no room')
      },
    })
    await until(() => intake.held !== undefined)
    server.publish({ epoch: 1, sequence: 2, snapshot: ab, changedMs: 0 })
    await until(() => server.proxies[0]?.refused !== undefined)
    expect(server.proxies[0]).toMatchObject({
      acknowledged: { sequence: 1 },
      refused: { moment: { sequence: 2 }, problems: ['it cannot be applied: no room'] },
    })
    expect(intake.held?.snapshot.digest).toBe(a.digest)
    server.publish({ epoch: 1, sequence: 3, snapshot: abc, changedMs: 0 })
    await until(() => server.proxies[0]?.acknowledged?.sequence === 3)
    expect(server.proxies[0]?.refused).toBeUndefined()
  })

  test('K6: a leader of an older epoch is refused', async () => {
    const { server, port } = await leading()
    const intake = new Intake(() => {})
    await intake.restore({ epoch: 5, sequence: 1, snapshot: a })
    server.publish({ epoch: 4, sequence: 900, snapshot: ab, changedMs: 0 })
    fed([port], { intake })
    await until(() => server.proxies[0]?.refused !== undefined)
    expect(server.proxies[0]?.refused?.problems[0]).toMatch(
      /^epoch 4, sequence 900 is older than .* 5, 1$/,
    )
    expect(intake.held?.snapshot.digest).toBe(a.digest)
  })

  test('K5: an older sequence of the same leader is refused', async () => {
    const intake = new Intake(() => {})
    await intake.take({ type: 'snapshot', epoch: 1, sequence: 7, snapshot: ab })
    const answer = await intake.take({ type: 'snapshot', epoch: 1, sequence: 6, snapshot: a })
    expect(answer).toMatchObject({ type: 'nack', digest: ab.digest })
  })
})

describe('who may subscribe, and to whom', () => {
  test('K11: a token that nobody vouches for is refused, and the reason is told', async () => {
    const { server, port } = await leading()
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    const { problems, intake } = fed([port], { token: 'bad' })
    await until(() => problems.length > 0)
    expect(problems[0]).toMatch(/refused with 401: .*not accepted/)
    expect(intake.held).toBeUndefined()
  })

  test('K11: a proxy cannot say that it is another', async () => {
    const { server, port } = await leading()
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    const { problems } = fed([port], { token: 'a', name: 'somebody-else' })
    await until(() => problems.length > 0)
    expect(server.proxies).toEqual([])
  })

  test('K11: a controller of another authority is not believed', async () => {
    const { server, port } = await leading()
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    const validity = { fromWallMs: Date.now() - 1000, untilWallMs: Date.now() + 3_600_000 }
    const other = await createAuthority('other', validity)
    const { problems, intake } = fed([port], {
      credentials: () => ({ ca: other.cert, token: 'a' }),
    })
    await until(() => problems.length > 0)
    expect(problems[0]).toMatch(/certificate|issuer|self/)
    expect(intake.held).toBeUndefined()
  })

  test('K11: a certificate for another name is not believed', async () => {
    const { server, port } = await leading()
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    const targets = async () => [{ address: '127.0.0.1', port, servername: 'other.test' }]
    const { problems } = fed([port], { targets })
    await until(() => problems.length > 0)
    expect(problems[0]).toMatch(/altnames|does not match/)
  })

  test('with certificates on both sides a client without one does not get in, and its name is the one in it', async () => {
    const validity = { fromWallMs: Date.now() - 1000, untilWallMs: Date.now() + 3_600_000 }
    const client = await issueCertificate(authority, {
      commonName: 'shop/edge-1',
      dnsNames: [],
      usage: 'client',
      validity,
    })
    const { server, port } = await leading({
      review: undefined,
      credentials: { ...serverPair, clientCa: authority.cert },
    })
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    const stranger = fed([port], { name: 'edge-1' })
    await until(() => stranger.problems.length > 0)
    fed([port], { name: 'edge-1', credentials: () => ({ ca: authority.cert, ...client }) })
    await until(() => server.proxies[0]?.acknowledged !== undefined)
    expect(server.proxies).toMatchObject([{ namespace: 'shop', name: 'edge-1' }])
  })

  const podUri = 'spiffe://cluster.local/ns/shop/pod/edge-1'

  test('K11: a certificate may name its Pod by a SPIFFE URI', async () => {
    const { server, port } = await leading({
      review: undefined,
      credentials: { ...serverPair, clientCa: authority.cert },
    })
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    const client = await clientWith([{ type: 'url', value: podUri }])
    fed([port], { name: 'edge-1', credentials: () => ({ ca: authority.cert, ...client }) })
    await until(() => server.proxies[0]?.acknowledged !== undefined)
    expect(server.proxies).toMatchObject([{ namespace: 'shop', name: 'edge-1' }])
  })

  test.each([
    { what: 'a URI of another kind', type: 'url', value: `${podUri}/more` },
    { what: 'a URI of no Pod', type: 'url', value: 'spiffe://cluster.local/ns/shop/sa/edge-1' },
    { what: 'a name that looks like two', type: 'dns', value: `x, URI:${podUri}, y` },
  ] as const)('K11: $what names nobody', async ({ type, value }) => {
    const { server, port } = await leading({
      review: undefined,
      credentials: { ...serverPair, clientCa: authority.cert },
    })
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    const client = await clientWith([{ type, value }])
    const { problems, intake } = fed([port], {
      name: 'edge-1',
      credentials: () => ({ ca: authority.cert, ...client }),
    })
    await until(() => problems.length > 0)
    expect(problems[0]).toMatch(/401|not accepted/)
    expect(intake.held).toBeUndefined()
  })
})

describe('when controllers come and go', () => {
  test('a standby says who leads, and the proxy goes on to the leader', async () => {
    const standby = await startServer()
    open.push(() => standby.server.close())
    standby.server.follow('controller-1')
    const { server, port } = await leading()
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    const { applied } = fed([standby.port, port])
    await until(() => applied.length === 1)
    expect(standby.server.proxies).toEqual([])
  })

  test('a proxy keeps what it has while the leader is gone, and finds the next one', async () => {
    const first = await startServer()
    first.server.lead(1)
    first.server.publish({ epoch: 1, sequence: 9, snapshot: a, changedMs: 0 })
    const second = await startServer()
    open.push(() => second.server.close())
    second.server.follow('the first')
    const { applied, intake, problems } = fed([first.port, second.port])
    await until(() => applied.length === 1)
    await first.server.close()
    await until(() => problems.some((problem) => problem !== undefined))
    expect(intake.held?.snapshot.digest).toBe(a.digest)
    second.server.lead(2)
    second.server.publish({ epoch: 2, sequence: 1, snapshot: ab, changedMs: 0 })
    await until(() => second.server.proxies[0]?.acknowledged !== undefined)
    expect(applied).toHaveLength(2)
    expect(second.server.proxies).toMatchObject([{ acknowledged: { epoch: 2, sequence: 1 } }])
  })

  test('a controller that steps down sends its proxies away', async () => {
    const { server, port } = await leading()
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    const { applied } = fed([port])
    await until(() => server.proxies.length === 1 && applied.length === 1)
    server.follow('another')
    await until(() => server.proxies.length === 0)
  })
})
