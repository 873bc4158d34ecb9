import { readFileSync } from 'node:fs'
import yaml from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { printProblem } from '../../model/problem.ts'
import { defaultSettings } from '../../model/settings.ts'
import { decodeSettings } from './settings.ts'

const problemsOf = (text: string): string[] => {
  const decoded = decodeSettings(yaml.load(text, { schema: yaml.CORE_SCHEMA }))
  return 'problems' in decoded ? decoded.problems.map(printProblem) : []
}

const exampleText = readFileSync(
  new URL('../../../examples/settings.yaml', import.meta.url),
  'utf8',
)

describe('settings', () => {
  test('examples/settings.yaml has every field, with its default', () => {
    const document = yaml.load(exampleText)
    expect(decodeSettings(document)).toEqual({ settings: defaultSettings })
    const fields = (value: object): string[] =>
      Object.entries(value).flatMap(([name, inner]) =>
        typeof inner === 'object' && !Array.isArray(inner) && Object.keys(inner).length > 0
          ? fields(inner).map((each) => `${name}.${each}`)
          : [name],
      )
    // Those of listeners are absent unless they are set.
    const rest = fields(document as object).filter((field) => !field.startsWith('listeners.'))
    expect(rest).toHaveLength(fields(defaultSettings).length)
  })

  test.each(['', '# nothing\n', '{}\n', 'limits: {}\n'])('%j means the defaults', (text) => {
    expect(decodeSettings(yaml.load(text))).toEqual({ settings: defaultSettings })
  })

  test.each([
    { text: 'limts: {}', says: 'limts: is not a field that exists here; did you mean "limits"?' },
    {
      text: 'limits: { header: 5 }',
      says: /^limits\.header: is not a field that exists here; there are target, headerBytes, /,
    },
    { text: 'limits: { target: 12 }', says: 'limits.target: must be between 256 and 64Ki' },
    {
      text: 'limits: { target: 8KB }',
      says: 'limits.target: must be a quantity such as 64Ki or 10Mi, not "8KB"',
    },
    { text: 'limits: { headerCount: 0 }', says: 'limits.headerCount: must be at least 1, not 0' },
    {
      text: 'limits: { headerCount: 1.5 }',
      says: 'limits.headerCount: must be a whole number, not 1.5',
    },
    {
      text: 'limits: { connections: .nan }',
      says: 'limits.connections: must be a number, not NaN',
    },
    {
      text: 'limits: { connections: 1e300 }',
      says: 'limits.connections: must be at most 1000000, not 1e+300',
    },
    {
      text: 'limits: { memoryPercent: 96 }',
      says: 'limits.memoryShedPercent: must not be below memoryPercent, which is 96, but is 95',
    },
    {
      text: 'limits: { memoryShedPercent: 101 }',
      says: 'limits.memoryShedPercent: must be at most 100, not 101',
    },
    {
      text: 'clocks: { head: 10 }',
      says: 'clocks.head: must be a duration such as 250ms, 30s or 1h30m, not 10',
    },
    {
      text: 'clocks: { head: -1s }',
      says: 'clocks.head: must be a duration such as 250ms, 30s or 1h30m, not "-1s"',
    },
    {
      text: 'clocks: { head: 0s }',
      says: 'clocks.head: must be more than 0s: this clock cannot be switched off',
    },
    { text: 'drain: { timeout: 25h }', says: 'drain.timeout: must be at most 24h, not 25h' },
    {
      text: 'trustedProxies: [10.0.0.0/8, local]',
      says: 'trustedProxies[1]: must be an address or a CIDR such as 10.0.0.0/8, not local',
    },
    {
      text: 'trustedProxies: 10.0.0.0/8',
      says: 'trustedProxies: must be a list, not "10.0.0.0/8"',
    },
    {
      text: 'accessLog: { fields: { who: $context.who } }',
      says: /^accessLog\.fields\.who: must be a field of the access log such as url\.path or .*, not \$context\.who; /,
    },
    {
      text: 'accessLog: { fields: { "a\\nb": url.path } }',
      says: 'accessLog.fields["a\\nb"]: is no good name: it must not contain control characters',
    },
    {
      text: 'hostOwnership: namespace',
      says: 'hostOwnership: must be one of Namespace, FirstCome, Off, not "namespace"',
    },
    {
      text: 'guardrails: { allowPublic: "false" }',
      says: 'guardrails.allowPublic: must be true or false, not "false"',
    },
    { text: '- limits', says: 'must be an object, not a list' },
    { text: 'limits', says: 'must be an object, not "limits"' },
    { text: '__proto__: { limits: 1 }', says: /^__proto__: is not a field that exists here; / },
    { text: 'constructor: 1', says: /^constructor: is not a field that exists here; / },
  ])('C9, C11: $text is refused with what would be right', ({ text, says }) => {
    expect(problemsOf(text)).toEqual([
      typeof says === 'string' ? says : expect.stringMatching(says),
    ])
  })
})
