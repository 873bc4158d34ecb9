import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { run } from '../harness/command.ts'
import { route, startGateway } from './gateway.ts'

const testssl = process.env['FAIRLEAD_TESTSSL'] ?? 'testssl'

const isThere = spawnSync(testssl, ['--help']).status === 0
if (!isThere) process.stderr.write('!! SKIPPED, no testssl: what it finds in TLS\n')

interface Finding {
  readonly id: string
  readonly severity: string
  readonly finding: string
}

/** With these ids the table of a section begins its lines. */
function idsOf(section: string): readonly string[] {
  const page = readFileSync(new URL('testssl.md', import.meta.url), 'utf8')
  const text = page.split(/^## /m).find((part) => part.startsWith(section)) ?? ''
  return [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, id = '']) => id)
}

/** It keeps what it knows in files named for its process: two may run at once. */
async function findingsOf(port: number, folder: string, name: string, checks: readonly string[]) {
  const file = join(folder, `${name}.json`)
  const trust = ['--add-ca', join(folder, 'ca.crt'), '--ip', '127.0.0.1']
  const form = ['--warnings', 'off', '--color', '0', '--jsonfile', file]
  const args = [...form, ...trust, ...checks, `https://localhost:${port}`]
  const output = await new Promise<string>((resolve) =>
    execFile(testssl, args, { timeout: 170_000, maxBuffer: 16_777_216 }, (_, out, err) =>
      resolve(out + err),
    ),
  )
  expect(output).toMatch(/^ Done /m)
  return JSON.parse(readFileSync(file, 'utf8')) as Finding[]
}

const harmless = new Set(['OK', 'INFO', 'LOW'])

describe.skipIf(!isThere)('testssl', () => {
  test('T2 finds above LOW what testssl.md says, and nothing else', {
    timeout: 180_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-testssl-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    expect((await run(['dev-certs', folder])).stderr).toBe('')
    const gateway = await startGateway(
      [route('localhost', { tls: { secretRef: { name: 'dev-tls' } } })],
      { listeners: { https: { defaultCertificate: { namespace: 'default', name: 'dev-tls' } } } },
      { files: { 'tls.yaml': readFileSync(join(folder, 'tls.yaml'), 'utf8') } },
    )
    onTestFinished(() => gateway.close())
    const halves = [
      ['-p', '-s', '-f', '-P', '-h'],
      ['-S', '-U'],
    ]
    const found = await Promise.all(
      halves.map((checks, at) => findingsOf(gateway.port, folder, String(at), checks)),
    )
    const findings = found.flat()
    // The checks were made, and of this server.
    expect(findings.length).toBeGreaterThan(80)
    expect(findings.find(({ id }) => id === 'TLS1_3')?.severity).toBe('OK')
    expect(findings.find(({ id }) => id === 'cert_chain_of_trust')?.finding).toBe('passed.')
    const bad = findings.filter(({ severity }) => !harmless.has(severity))
    const always = idsOf('Findings that stay')
    const allowed = new Set([...always, ...idsOf('Checks that it may not be able to make')])
    expect(bad.filter(({ id }) => !allowed.has(id))).toEqual([])
    expect(always.filter((id) => !bad.some((finding) => finding.id === id))).toEqual([])
  })
})
