import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import yaml from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { alerts } from '../../scripts/documents/alerts.ts'
import { registeredMetrics } from '../../scripts/documents/registered-metrics.ts'
import { decodeSettings } from '../../src/controller/api/settings.ts'
import { failures } from '../../src/model/failure.ts'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const page = (name: string) => fs.readFileSync(join(docs, name), 'utf8')
const pages = fs.readdirSync(docs).filter((name) => name.endsWith('.md'))

/** Every metric of ours that a text names; of a histogram also its parts. */
const named = (text: string): string[] =>
  [...new Set(text.match(/\bfairlead_[a-z_]+[a-z]\b/g))].map((name) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  )

const registered = registeredMetrics()

describe('documents name what there is', () => {
  test.each(pages)('docs/%s: every metric exists', (name) => {
    // `fairlead_failures` is what one greps for.
    const isKnown = (given: string) => [...registered.keys()].some((each) => each.startsWith(given))
    expect(named(page(name)).filter((each) => !isKnown(each))).toEqual([])
  })

  test.each(Object.keys(failures))('docs/troubleshooting.md leads to %s', (code) => {
    expect(page('troubleshooting.md')).toContain(`(failures.md#${code})`)
  })

  test('every metric of an alert exists, with the labels that are asked for', () => {
    const selectors = [...alerts.matchAll(/(fairlead_\w+)\{(\w+)/g)]
    expect(selectors.length).toBeGreaterThan(2)
    for (const [, name = '', label] of selectors)
      expect(registered.get(name)?.labelNames, name).toContain(label)
    expect(named(alerts).filter((name) => !registered.has(name))).toEqual([])
  })

  test('the custom line in docs/observability.md is taken as it stands', () => {
    const block = /```yaml\n(accessLog:[\s\S]*?)```/.exec(page('observability.md'))?.[1] ?? ''
    expect(decodeSettings(yaml.load(block))).toMatchObject({
      settings: { accessLog: { fields: { ip: '$context.identity.sourceIp', who: 'principal' } } },
    })
  })
})

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
if (!hasPromtool) process.stderr.write('!! SKIPPED, no promtool: rules of the alerts\n')

test.skipIf(!hasPromtool)('promtool takes the alerts', () => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'fairlead-alerts-'))
  const file = join(folder, 'alerts.yaml')
  fs.writeFileSync(file, alerts)
  const { status, stdout } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' })
  fs.rmSync(folder, { recursive: true })
  expect(stdout).toContain('SUCCESS: 10 rules found')
  expect(status).toBe(0)
})
