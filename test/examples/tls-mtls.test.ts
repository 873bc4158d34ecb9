import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Program, startProgram } from '../harness/program.ts'
import { Shell } from '../harness/shell.ts'
import { commands, endpoints, noOutside, root, StandIn, stored } from './example.ts'

const isThere = (tool: string, ...args: readonly string[]): boolean => {
  const found = spawnSync(tool, args).status === 0
  if (!found) process.stderr.write(`!! SKIPPED, no ${tool}: examples/tls-mtls\n`)
  return found
}
const hasTools = isThere('curl', '--version') && isThere('openssl', 'version')

describe.skipIf(!hasTools)('tls-mtls, as it is', () => {
  const orders = new StandIn('orders')
  const left = [...commands('tls-mtls')]
  let shell: Shell
  let folder: string
  let program: Program
  let https = 0

  beforeAll(async () => {
    shell = new Shell(root)
    await orders.start()
  })
  afterAll(async () => {
    await program?.close()
    await shell.close()
    orders.stop()
    if (folder !== undefined) fs.rmSync(folder, { recursive: true })
  })

  /** The next command of the README, which must be this one; only the address of the gateway differs. */
  const run = (pattern: RegExp): Promise<string> => {
    const command = left.shift() ?? ''
    expect(command).toMatch(pattern)
    return shell.run(command.replace('127.0.0.1:8443', `127.0.0.1:${https}`))
  }
  const read = (name: string) => fs.readFileSync(join(folder, name), 'utf8')
  const route = () => stored({ 'route.yaml': read('route.yaml') })['route.yaml'] ?? ''

  test('certificates are made, and with them nothing is wrong', async () => {
    await run(/^DIR=/)
    folder = (await shell.run('echo $DIR')).trim()
    await run(/^node .* dev-certs /)
    expect(await run(/^node .* check /)).toMatch(/, 0 with problems; 0 problems/)
    const explained = await run(/^node .* explain /)
    expect(explained).toMatch(/^tls +Secret default\/dev-tls: of partners\.shop\.example, until /m)
    expect(explained).toMatch(/a client certificate is required/)
  })

  test('400 without a certificate; the backend hears the name in one that is good', async () => {
    program = await startProgram({
      manifests: {
        'route.yaml': route(),
        'tls.yaml': read('tls.yaml'),
        'endpoints.json': endpoints({ orders: orders.port }, 'default'),
      },
      flags: () => ['--https', '127.0.0.1:0'],
      env: noOutside,
    })
    https = Number(/"https":"127\.0\.0\.1:(\d+)"/.exec(program.stderr())?.[1])
    expect(await run(/^curl -s --cacert .*\/orders\/7$/)).toContain('client_certificate_required')
    await run(/^ID=/)
    const answer = await run(/^curl -i \$ID .*\/orders\/7$/)
    expect(answer).toMatch(/^HTTP\/2 200 /m)
    expect(answer).toMatch(/^orders GET \/orders\/7 URI:spiffe:\/\/dev\/client$/m)
  })

  test('a fingerprint opens what a name does not', async () => {
    expect(await run(/^curl -s \$ID .*\/payouts$/)).toContain('"code":"denied"')
    await run(/^PRINT=/)
    await run(/^sed /)
    const { digest } = await program.until<{ digest: string }>('/debug/status', () => true)
    program.write('route.yaml', route())
    await program.until<{ digest: string; applied: boolean }>(
      '/debug/status',
      (now) => now.applied && now.digest !== digest,
    )
    const answer = await run(/^curl -i \$ID .*\/payouts$/)
    expect(answer).toMatch(/^HTTP\/2 200 /m)
    expect(answer).toMatch(/^orders GET \/payouts DNS:client\.example$/m)
    expect(left).toEqual([])
  })
})
