import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import { hostOf, ruleOf } from '../../../test/harness/rules.ts'
import { digestOf, digestOfSnapshot } from '../../model/digest.ts'
import { defaultSettings } from '../../model/settings.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { Edition } from './edition.ts'
import type { FromWorker } from './messages.ts'
import { WorkerLink } from './worker.ts'

/** A snapshot of hosts that answer by themselves, with true digests. */
function snapshotOf(...hostnames: readonly string[]): Snapshot {
  const hosts = hostnames.map((name) => hostOf(name, [['/', ruleOf(name)]]))
  const parts = { clusters: [], authorizers: [], secrets: [] }
  const settings = defaultSettings
  const digest = digestOfSnapshot({
    settings: digestOf(settings),
    hosts: hosts.map((host) => host.digest),
    ...parts,
  })
  return { format: 1, digest, settings, hosts, clusters: [], authorizers: [], secrets: {} }
}

const [a, b, c] = [snapshotOf('a'), snapshotOf('a', 'b'), snapshotOf('a', 'c')] as const

/** A worker that has been told to start with `a`. */
async function started(apply: (snapshot: Snapshot) => void = () => {}) {
  const said: FromWorker[] = []
  const exits: number[] = []
  const applied: string[] = []
  const link = new WorkerLink({
    clock: fakeClock(),
    send: (message, sent) => {
      said.push(message)
      sent?.()
    },
    open: () => ({
      pages: [],
      apply: (snapshot) => {
        apply(snapshot)
        applied.push(snapshot.digest)
      },
      refused: () => void said.push({ kind: 'turned' }),
      listen: async () => 8080,
      probed: () => {},
      ejected: () => {},
      answer: async () => ({ kind: 'page', status: 200, body: '' }),
      reopen: () => {},
      stop: async () => {},
    }),
    exit: (code) => void exits.push(code),
  })
  const whole = new Edition(a).whole()
  link.receive({ kind: 'start', worker: 1, of: 2, snapshot: whole, reports: [] })
  await Promise.resolve()
  await Promise.resolve()
  const kinds = () => said.splice(0).map((message) => message.kind)
  const send = (text: string) => link.receive({ kind: 'snapshot', text })
  return { link, said, exits, applied, kinds, send }
}

describe('a worker', () => {
  test('applies what it starts with before it listens', async () => {
    const { kinds, applied } = await started()
    expect(kinds()).toEqual(['hello', 'applied', 'listening'])
    expect(applied).toEqual([a.digest])
  })

  test('takes the way from what it has', async () => {
    const { kinds, applied, send } = await started()
    kinds()
    send(new Edition(b).since(a))
    expect(kinds()).toEqual(['applied'])
    expect(applied).toEqual([a.digest, b.digest])
  })

  test.each([
    ['the way from something else', new Edition(c).since(b)],
    ['what is no message', '{}'],
    ['a flipped bit', new Edition(b).whole().replace('"hostname":"b"', '"hostname":"x"')],
  ])('K5: %s is refused, and what is in force stays', async (_, text) => {
    const { said, kinds, applied, send } = await started()
    kinds()
    send(text)
    expect(said).toEqual([
      { kind: 'turned' },
      { kind: 'refused', problem: expect.stringMatching(/./) },
    ])
    expect(applied).toEqual([a.digest])
    kinds()
    send(new Edition(b).since(a))
    expect(kinds()).toEqual(['applied'])
  })

  test('says so when a snapshot cannot be applied, and does not listen for it', async () => {
    const { kinds } = await started(() => {
      throw new Error('no')
    })
    expect(kinds()).toEqual(['hello', 'turned', 'refused'])
  })

  test('ends when it has drained', async () => {
    const { link, exits } = await started()
    link.receive({ kind: 'stop' })
    await Promise.resolve()
    await Promise.resolve()
    expect(exits).toEqual([0])
  })
})
