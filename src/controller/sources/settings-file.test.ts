import fs from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import { fastClock } from '../../../test/harness/fast-clock.ts'
import { Folder } from '../../../test/harness/folder.ts'
import { defaultSettings } from '../../model/settings.ts'
import { SettingsFile } from './settings-file.ts'
import { printSourceProblem } from './stock.ts'

function open(folder: Folder, saved?: unknown) {
  let waiting: (() => void)[] = []
  const changed = () => {
    for (const resolve of waiting) resolve()
    waiting = []
  }
  const file = new SettingsFile(folder.at('settings.yaml'), {
    clock: fastClock(10),
    changed,
    saved,
  })
  const isGood = file.open()
  file.watch()
  onTestFinished(() => file.close())
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await new Promise<void>((resolve) => waiting.push(resolve))
  }
  const problems = () =>
    file.problems.map(printSourceProblem).map((text) => text.replace(`${folder.path}/`, ''))
  return { file, isGood, until, problems }
}

describe('the settings file', () => {
  test('is taken over live, whichever way it is written', async () => {
    const folder = new Folder({ 'settings.yaml': 'limits: { target: 1Ki }\n' })
    const { file, until } = open(folder)
    expect(file.current.limits.target).toBe(1024)
    folder.write('settings.yaml', 'limits: { target: 2Ki }\n')
    await until(() => file.current.limits.target === 2048)
    folder.replace('settings.yaml', 'limits: { target: 4Ki }\n')
    await until(() => file.current.limits.target === 4096)
    expect(file.current).toEqual({
      ...defaultSettings,
      limits: { ...defaultSettings.limits, target: 4096 },
    })
  })

  test('is taken over from a ConfigMap that is swapped', async () => {
    const folder = new Folder({ '..1/settings.yaml': 'limits: { target: 1Ki }\n' })
    fs.symlinkSync('..1', folder.at('..data'))
    fs.symlinkSync('..data/settings.yaml', folder.at('settings.yaml'))
    const { file, until } = open(folder)
    folder.write('..2/settings.yaml', 'limits: { target: 2Ki }\n')
    fs.symlinkSync('..2', folder.at('..data_tmp'))
    fs.renameSync(folder.at('..data_tmp'), folder.at('..data'))
    await until(() => file.current.limits.target === 2048)
  })

  test.each([
    {
      what: 'no YAML',
      text: 'limits: [\n',
      says: ['settings.yaml:2:1: unexpected end of the stream within a flow collection'],
    },
    {
      what: 'fields that do not exist and values that cannot be',
      text: 'limit: { target: 1Ki }\nclocks: { head: 10 }\ndrain: { min: 25h }\n',
      says: [
        'settings.yaml: clocks.head: must be a duration such as 250ms, 30s or 1h30m, not 10',
        'settings.yaml: drain.min: must be at most 24h, not 25h',
        'settings.yaml: limit: is not a field that exists here; did you mean "limits"?',
      ],
    },
    {
      what: 'several documents',
      text: 'limits: {}\n---\nclocks: {}\n',
      says: ['settings.yaml: holds several documents, not one'],
    },
    { what: 'a list', text: '- limits\n', says: ['settings.yaml: must be an object, not a list'] },
  ])('with $what keeps the last good settings and says what is wrong', async ({ text, says }) => {
    const folder = new Folder({ 'settings.yaml': 'limits: { target: 1Ki }\n' })
    const { file, until, problems } = open(folder)
    folder.write('settings.yaml', text)
    await until(() => file.problems.length > 0)
    expect(problems().sort()).toEqual(says)
    expect(file.current.limits.target).toBe(1024)
    folder.write('settings.yaml', 'limits: { target: 2Ki }\n')
    await until(() => file.problems.length === 0)
    expect(file.current.limits.target).toBe(2048)
  })

  test('that is removed keeps the last good settings and says so', async () => {
    const folder = new Folder({ 'settings.yaml': 'limits: { target: 1Ki }\n' })
    const { file, until, problems } = open(folder)
    folder.remove('settings.yaml')
    await until(() => file.problems.length > 0)
    expect(problems()).toEqual(['settings.yaml: does not exist'])
    expect(file.current.limits.target).toBe(1024)
    folder.write('settings.yaml', 'limits: { target: 2Ki }\n')
    await until(() => file.current.limits.target === 2048)
    expect(problems()).toEqual([])
  })

  test('cut short at any line it never means the defaults for a moment', async () => {
    const text =
      'limits: { target: 1Ki }\nguardrails:\n  allowPublic: false\ntrustedProxies:\n- 10.0.0.0/8\n- 192.168.0.0/16\n'
    const folder = new Folder({ 'settings.yaml': text })
    const clock = fakeClock()
    const file = new SettingsFile(folder.at('settings.yaml'), { clock, changed: () => {} })
    onTestFinished(() => file.close())
    file.open()
    file.watch()
    const whole = file.current
    const lines = text.split(/(?<=\n)/)
    for (let count = 0; count < lines.length; count++) {
      const before = clock.planned
      folder.write('settings.yaml', lines.slice(0, count).join(''))
      while (clock.planned === before) await new Promise((resolve) => setImmediate(resolve))
      clock.advance(700)
      expect(file.current).toEqual(whole)
    }
  })

  test('that is empty means the defaults, and what is taken out of it is a default again', async () => {
    const folder = new Folder({ 'settings.yaml': '' })
    const { file, isGood, until } = open(folder)
    expect(isGood).toBe(true)
    expect(file.current).toEqual(defaultSettings)
    folder.write('settings.yaml', 'limits: { target: 1Ki }\n')
    await until(() => file.current.limits.target === 1024)
    folder.write('settings.yaml', '# nothing any more\n')
    await until(() => file.current.limits.target === defaultSettings.limits.target)
  })

  test('that is broken from the start gives nothing to run with, unless an earlier run saved what was good', () => {
    const folder = new Folder({ 'settings.yaml': 'limits: 7\n' })
    expect(open(folder)).toMatchObject({ isGood: false })
    const { file, isGood, problems } = open(folder, { limits: { target: '1Ki' } })
    expect(isGood).toBe(true)
    expect(file.current.limits.target).toBe(1024)
    expect(problems()).toEqual(['settings.yaml: limits: must be an object, not 7'])
    expect(open(folder, { limits: 'also broken' })).toMatchObject({ isGood: false })
  })

  test('that is not given means the defaults', () => {
    const file = new SettingsFile(undefined, { clock: fakeClock(), changed: () => {} })
    expect(file.open()).toBe(true)
    file.watch()
    file.close()
    expect(file.current).toBe(defaultSettings)
  })
})
