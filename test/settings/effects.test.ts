import { describe, expect, onTestFinished, test } from 'vitest'
import { type Noted, notedOf } from '../../scripts/crds/noted.ts'
import { settingsSchema } from '../../src/controller/api/settings-schema.ts'
import { effects } from './effects.ts'
import { startSettingsGateway, summary } from './gateway.ts'

/** Every field that holds a value, by its path. */
const leaves = ({ properties = {} }: Noted, root = ''): string[] =>
  Object.entries(properties).flatMap(([name, noted]) =>
    noted.properties === undefined ? [root + name] : leaves(noted, `${root}${name}.`),
  )

/** `limits.target: 1` within other settings. */
function withField(
  document: Readonly<Record<string, unknown>>,
  field: string,
  value: unknown,
): Record<string, unknown> {
  const [group = '', ...rest] = field.split('.')
  const inner = document[group] as Record<string, unknown> | undefined
  const changed = rest.length === 0 ? value : withField(inner ?? {}, rest.join('.'), value)
  return { ...document, [group]: changed }
}

const open = async (document: unknown) => {
  const gateway = await startSettingsGateway(document)
  onTestFinished(() => gateway.close())
  return gateway
}

describe('settings', () => {
  test('every field of the schema has an effect that is shown below', () => {
    expect(effects.map(({ field }) => field).sort()).toEqual(leaves(notedOf(settingsSchema)).sort())
  })

  test.each(effects)('$field: $before becomes $after, while the gateway runs', async (effect) => {
    const { field, value, beside = {}, probe } = effect
    const isStopping = field.startsWith('drain.')
    const gateway = await open(beside)
    expect(await probe(gateway)).toEqual(effect.before)
    const edited = isStopping ? await open(beside) : gateway
    edited.set(withField(beside, field, value))
    expect(await probe(edited)).toEqual(effect.after)
  })

  test('a connection that is kept is under new limits from its next request on', async () => {
    const gateway = await open({})
    const client = gateway.connect()
    const request = `GET /${'a'.repeat(300)} HTTP/1.1\r\nhost: api.example\r\n\r\n`
    expect(summary(await client.send(request).until(/hello$/))).toBe('200 hello')
    client.text = ''
    gateway.set({ limits: { target: 256 } })
    expect(summary(await client.send(request).untilOver())).toBe('414 uri_too_long')
  })
})
