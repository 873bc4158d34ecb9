import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { helm, run } from './cluster.ts'

const chart = 'helm/fairlead'
const files = readdirSync(`${chart}/ci`).map((name) => `${chart}/ci/${name}`)

describe('the chart', () => {
  test('helm lint finds nothing', async () => {
    for (const file of files) await helm('lint', '--strict', chart, '-f', file)
    expect(await helm('lint', '--strict', chart)).toContain('0 chart(s) failed')
  })

  test.each([undefined, ...files])(
    'rendered with %s it is taken by the API server',
    async (file) => {
      const text = await helm(
        'template',
        'fairlead',
        chart,
        '-n',
        'default',
        ...(file === undefined ? [] : ['-f', file]),
      )
      const objects = parseAllDocuments(text)
        .map(
          (document) =>
            document.toJS() as { kind?: string; metadata?: { namespace?: string } } | null,
        )
        // The Prometheus operator and the namespaces of the values are not here.
        .filter(
          (object) =>
            object !== null &&
            !/^(Service|Pod)Monitor$/.test(object.kind ?? '') &&
            object.metadata?.namespace === undefined,
        )
      expect(objects.length).toBeGreaterThan(10)
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
      await run(
        'kubectl',
        [
          'apply',
          '--dry-run=server',
          '--server-side',
          '--force-conflicts',
          '--validate=strict',
          '-n',
          'default',
          '-f',
          '-',
        ],
        list,
      )
    },
  )

  test.each([
    ['proxy.replicas=none', '/proxy/replicas'],
    ['proxy.replica=3', 'replica'],
    ['className=UPPER', '/className'],
    ['proxy.service.type=Ingress', '/proxy/service/type'],
    ['settings.limits.targe=512', 'targe'],
    ['settings.hostOwnership=Bogus', '/settings/hostOwnership'],
    [
      'watchNamespaces={shop},settings.hostOwnership=Namespace',
      'for which watchNamespaces leaves no right',
    ],
  ])('--set %s is refused, and the error names the value', async (value, named) => {
    await expect(helm('template', chart, '--set', value)).rejects.toThrow(named)
  })
})
