import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Shell } from '../harness/shell.ts'
import { noOutside, root } from './example.ts'

const readme = fs.readFileSync(join(root, 'README.md'), 'utf8')
const fenced = /```yaml\n([\s\S]*?)```/
const manifests = fenced.exec(readme)?.[1] ?? ''
const commands = [...readme.replace(fenced, '').matchAll(/^ {4}(\S.*?)(?: +#.*)?$/gm)].map(
  ([, text = '']) => text,
)

describe('README', () => {
  let folder: string
  let shell: Shell
  beforeAll(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'fairlead-readme-'))
    fs.mkdirSync(join(folder, 'manifests'))
    fs.writeFileSync(join(folder, 'manifests/orders.yaml'), manifests)
    fs.symlinkSync(join(root, 'dist'), join(folder, 'dist'))
    shell = new Shell(folder)
  })
  afterAll(async () => {
    await shell.close()
    fs.rmSync(folder, { recursive: true })
  })

  const command = (pattern: RegExp) => commands.find((each) => pattern.test(each)) ?? ''

  test('holds these commands; npm runs those of its first part, and the chart has tests of its own', () => {
    expect(commands.map((each) => each.replace(/ (--config )?manifests\/.*/, ''))).toEqual([
      'npm ci && npm start',
      'npm ci && npm test',
      'npm run build',
      'node dist/fairlead.js check',
      'node dist/fairlead.js explain',
      'node dist/fairlead.js standalone',
      'helm install fairlead helm/fairlead -n gateway --create-namespace',
    ])
  })

  test('check has nothing to say of its manifests', async () => {
    expect(await shell.run(command(/ check /))).toContain('2 objects, 0 with problems')
  })

  test('explain says which rule wins', async () => {
    expect(await shell.run(command(/ explain /))).toContain('rule shop/orders/read serves it')
  })

  test('standalone serves them; other ports, and no network, are all that differs', async () => {
    const line = command(/ standalone /)
    expect(line).toContain('--http 0.0.0.0:8080')
    const here = line.replace('0.0.0.0:8080', '127.0.0.1:0 --admin 127.0.0.1:0')
    const [program = '', ...args] = here.split(/ +/)
    const child = spawn(program, args, { cwd: folder, env: { ...process.env, ...noOutside } })
    const isOver = once(child, 'exit')
    let said = ''
    const isReady = new Promise<void>((resolve) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('"message":"ready"')) resolve()
      })
    })
    await Promise.race([isReady, isOver])
    const ready = said.split('\n').find((each) => each.includes('"message":"ready"')) ?? '{}'
    const { http } = JSON.parse(ready) as { http: string }
    const ask = (host: string) => shell.run(`curl -i -s -H 'host: ${host}' http://${http}/orders/7`)
    expect(await ask('api.shop.example')).toMatch(/^HTTP\/1\.1 401 /)
    expect(await ask('other.example')).toMatch(/^HTTP\/1\.1 404 /)
    child.kill('SIGTERM')
    expect((await isOver)[0]).toBe(0)
  })
})
