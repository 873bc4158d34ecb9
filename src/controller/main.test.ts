import fs from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fastClock } from '../../test/harness/fast-clock.ts'
import { Folder } from '../../test/harness/folder.ts'
import { route, yamlOf } from '../../test/harness/manifests.ts'
import type { Log } from '../base/log.ts'
import { createController } from './main.ts'
import { printSourceProblem } from './sources/stock.ts'
import type { ControllerState } from './state.ts'

const silent: Log = { error() {}, warn() {}, info() {}, debug() {}, isDebug: () => false }

/** What each rule of a snapshot does: `a/all: answers 1`, `a/all: 503`. */
const rulesOf = ({ snapshot }: ControllerState): string[] =>
  snapshot.hosts.flatMap(({ hostname, entries, held }) => [
    ...entries.map(({ rule: { route: owner, name, action } }) => {
      const does = action.kind === 'respond' ? `answers ${action.body}` : '503'
      return `${owner.split('/')[1]}/${name}: ${does}`
    }),
    ...(held ? [`${hostname}: held`] : []),
  ])

const servesLastGood = ({ statuses }: ControllerState): string[] =>
  statuses.flatMap(({ name, conditions }) =>
    conditions
      .filter(({ type }) => type === 'ServingLastGood')
      .map(({ message }) => `${name}: ${message}`),
  )

interface Options {
  readonly state?: boolean
  readonly settings?: boolean
  readonly publish?: (state: ControllerState) => void
}

/** A controller of `manifests`, with state in `state` and settings in `settings.yaml`. */
function run(folder: Folder, options: Options = {}) {
  const states: ControllerState[] = []
  let waiting: (() => void)[] = []
  const controller = createController({
    clock: fastClock(10),
    log: silent,
    directory: folder.at('manifests'),
    settings: options.settings ? folder.at('settings.yaml') : undefined,
    state: options.state === false ? undefined : folder.at('state'),
    className: 'fairlead',
    allowLoopback: true,
    publish(state) {
      states.push(state)
      options.publish?.(state)
      for (const resolve of waiting.splice(0)) resolve()
      waiting = []
    },
  })
  onTestFinished(() => controller.close())
  controller.start()
  return {
    controller,
    states,
    get last() {
      return states.at(-1)!
    },
    async until(isSo: (state: ControllerState) => boolean) {
      while (!isSo(states.at(-1)!)) await new Promise<void>((resolve) => waiting.push(resolve))
      return states.at(-1)!
    },
  }
}

const good = route('a', { body: '1' })
const broken = {
  ...good,
  spec: { ...good.spec, rules: [{ ...good.spec.rules[0], respond: { status: 'x' } }] },
}
const isBroken = ({ statuses }: ControllerState) =>
  statuses.some(({ conditions }) =>
    conditions.some(({ status, type }) => type === 'Accepted' && status === 'False'),
  )

describe('last good', () => {
  test('a broken edit is answered by the version before, and the status says which', async () => {
    const folder = new Folder({ 'manifests/a.yaml': yamlOf(good) })
    const gateway = run(folder, { state: false })
    folder.write('manifests/a.yaml', yamlOf(broken))
    const state = await gateway.until(isBroken)
    expect(rulesOf(state)).toEqual(['a/all: answers 1'])
    expect(servesLastGood(state)).toEqual([
      'a: generation 1 is served until the faults are corrected',
    ])
  })

  test('is saved before anything is published: a kill between the two costs nothing', async () => {
    const folder = new Folder({ 'manifests/a.yaml': yamlOf(good) })
    const saved: string[] = []
    const file = folder.at('state/last-good.json')
    const gateway = run(folder, {
      publish: () => saved.push(fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''),
    })
    folder.write('manifests/a.yaml', yamlOf(broken))
    await gateway.until(isBroken)
    expect(saved.at(-1)).toContain('\\"respond\\"')
    expect(saved[0]).toBe('')
  })

  test('survives a restart, any number of them', async () => {
    const folder = new Folder({ 'manifests/a.yaml': yamlOf(good) })
    const first = run(folder)
    folder.write('manifests/a.yaml', yamlOf(broken))
    await first.until(isBroken)
    first.controller.close()
    for (let i = 0; i < 3; i++) {
      const next = run(folder)
      expect(rulesOf(next.last)).toEqual(['a/all: answers 1'])
      expect(servesLastGood(next.last)).toHaveLength(1)
      next.controller.close()
    }
  })

  test('is forgotten when the object is good again, and when it is gone', async () => {
    const folder = new Folder({
      'manifests/a.yaml': yamlOf(good),
      'manifests/b.yaml': yamlOf(route('b')),
    })
    const first = run(folder)
    folder.write('manifests/a.yaml', yamlOf(broken))
    await first.until(isBroken)
    folder.write('manifests/a.yaml', yamlOf(route('a', { body: '2' })))
    await first.until((state) => rulesOf(state)[0] === 'a/all: answers 2')
    first.controller.close()
    folder.write('manifests/a.yaml', yamlOf(broken))
    const second = run(folder)
    expect(rulesOf(second.last)).toEqual(['a/all: 503', 'b/all: answers b'])
    second.controller.close()

    folder.write('manifests/a.yaml', yamlOf(good))
    const third = run(folder)
    folder.write('manifests/a.yaml', yamlOf(broken))
    await third.until(isBroken)
    folder.remove('manifests/a.yaml')
    await third.until((state) => rulesOf(state).length === 1)
    folder.write('manifests/a.yaml', yamlOf(broken))
    const state = await third.until((next) => rulesOf(next).length === 2)
    expect(rulesOf(state)).toEqual(['a/all: 503', 'b/all: answers b'])
  })

  test('is not guessed: what was broken while nobody watched holds its place with 503', () => {
    const folder = new Folder({ 'manifests/a.yaml': yamlOf(broken, route('b')) })
    expect(rulesOf(run(folder).last)).toEqual(['a/all: 503', 'b/all: answers b'])
  })

  test('K8: a damaged state counts as none', async () => {
    const folder = new Folder({ 'manifests/a.yaml': yamlOf(good) })
    const first = run(folder)
    folder.write('manifests/a.yaml', yamlOf(broken))
    await first.until(isBroken)
    first.controller.close()
    fs.truncateSync(folder.at('state/last-good.json'), 100)
    expect(rulesOf(run(folder).last)).toEqual(['a/all: 503'])
  })

  test('of a whole file: what does not parse any more serves what it held, also after a restart', async () => {
    const folder = new Folder({
      'manifests/a.yaml': yamlOf(good, route('b')),
      'manifests/c.yaml': yamlOf(route('c')),
    })
    const all = ['a/all: answers 1', 'b/all: answers b', 'c/all: answers c']
    const first = run(folder)
    folder.write('manifests/a.yaml', 'spec: [\n')
    await first.until(({ problems }) => problems.length > 0)
    expect(rulesOf(first.last)).toEqual(all)
    first.controller.close()
    const second = run(folder)
    expect(rulesOf(second.last)).toEqual(all)
    expect(second.last.problems.map(printSourceProblem)).toEqual([
      'a.yaml:2:1: unexpected end of the stream within a flow collection',
    ])
    folder.write('manifests/a.yaml', yamlOf(route('a', { body: '2' }), route('b')))
    await second.until(({ problems }) => problems.length === 0)
    expect(rulesOf(second.last)[0]).toBe('a/all: answers 2')
    second.controller.close()
    folder.remove('manifests/a.yaml')
    expect(rulesOf(run(folder).last)).toEqual(['c/all: answers c'])
  })
})

describe('settings', () => {
  test('are part of the snapshot and taken over live; broken ones keep the last good, also after a restart', async () => {
    const folder = new Folder({
      'manifests/a.yaml': yamlOf(good),
      'settings.yaml': 'guardrails: { allowPublic: false }\n',
    })
    const first = run(folder, { settings: true })
    expect(rulesOf(first.last)).toEqual(['a/all: 503'])
    folder.write('settings.yaml', 'guardrails: { allowPublic: true }\nlimits: { target: 1Ki }\n')
    await first.until((state) => rulesOf(state)[0] === 'a/all: answers 1')
    expect(first.last.snapshot.settings.limits.target).toBe(1024)
    folder.write('settings.yaml', 'guardrails: { allowPublic: maybe }\n')
    await first.until(({ problems }) => problems.length > 0)
    expect(rulesOf(first.last)).toEqual(['a/all: answers 1'])
    first.controller.close()
    const second = run(folder, { settings: true })
    expect(second.last.snapshot.settings.limits.target).toBe(1024)
    expect(second.last.problems.map(({ message }) => message)).toEqual([
      'guardrails.allowPublic: must be true or false, not "maybe"',
    ])
  })

  test('that are broken from the start are told whole', () => {
    const folder = new Folder({
      'manifests/a.yaml': '',
      'settings.yaml': 'limit: 1\nclocks: { head: 0s }\n',
    })
    expect(() => run(folder, { settings: true })).toThrow(
      /settings\.yaml: clocks\.head: must be more than 0s.*; .*limit: is not a field that exists here; did you mean "limits"\?$/,
    )
  })
})
