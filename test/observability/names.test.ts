import { afterAll, expect, test } from 'vitest'
import { type Program, startProgram } from '../harness/program.ts'

let program: Program
afterAll(() => program?.close())

const manifest = `
apiVersion: fairlead.dev/v1alpha1
kind: ApiRoute
metadata: { name: site, namespace: shop }
spec:
  hostnames: [api.shop.example]
  rules:
    - name: all
      authorize: { public: true }
      backends: [{ name: gone, url: "http://gone.invalid" }]
`

interface Page {
  readonly cluster: string
  readonly resolution: Record<string, unknown>
}

test('the name of a backend that does not resolve is said once in the log, and at /debug/backends', async () => {
  program = await startProgram({ manifests: { 'site.yaml': manifest } })
  const [page] = await program.until<Page[]>(
    '/debug/backends',
    ([each]) => each?.resolution['failed'] !== undefined,
  )
  expect(page?.resolution).toEqual({
    hostname: 'gone.invalid',
    resolved: 'never',
    failed: expect.stringMatching(/^[A-Z_]+$/),
    failingSince: expect.stringMatching(/^20\d\d-.*Z$/),
  })
  const lines = (await program.said(/does not resolve/)).split('\n')
  const warnings = lines.filter((line) => line.includes('does not resolve'))
  expect(warnings).toHaveLength(1)
  expect(JSON.parse(warnings[0] as string)).toMatchObject({
    level: 'warn',
    hostname: 'gone.invalid',
    reason: page?.resolution['failed'],
    endpoints: 0,
  })
})
