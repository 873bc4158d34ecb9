import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Shell } from '../harness/shell.ts'
import { freePort, listens, Quickstart, root } from './quickstart.ts'

const npmStart = ['npm', 'start', '--silent', '--']
const direct = [process.execPath, 'examples/quickstart/run.mjs']

/** `     16 eu-west-1 eu-1: GET /orders` → how many answers came from a region. */
const countOf = (text: string, region: string) =>
  [...text.matchAll(/^ *(\d+) (\S+) /gm)]
    .filter(([, , from]) => from === region)
    .reduce((sum, [, count]) => sum + Number(count), 0)

const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d+) /m.exec(text)?.[1])

describe('npm start', () => {
  let quickstart: Quickstart
  let shell: Shell
  let family: readonly number[]
  let connects: string
  /** What is printed, by what it is for. A command that is not taken by a test fails the last one. */
  let left: string[]
  const take = (pattern: RegExp): string => {
    const command = left.shift() ?? ''
    expect(command).toMatch(pattern)
    return command
  }

  beforeAll(async () => {
    connects = join(fs.mkdtempSync(join(tmpdir(), 'fairlead-connects-')), 'connects')
    const recorder = pathToFileURL(join(root, 'test/quickstart/record-connects.mjs'))
    quickstart = new Quickstart(npmStart, await freePort(), {
      ...process.env,
      NODE_OPTIONS: `--import ${recorder}`,
      RECORD_CONNECTS: connects,
    })
    await quickstart.until(/Ctrl-C ends everything/)
    shell = new Shell(root)
    left = [...quickstart.commands]
    family = quickstart.family
  }, 60_000)
  afterAll(async () => {
    await shell.close()
    quickstart.close()
    fs.rmSync(dirname(connects), { recursive: true })
  })

  test('prints plain text: no colours, nothing but what fits into a terminal and a log', () => {
    expect(quickstart.output).toMatch(/^[\x20-\x7e\n]+$/)
  })

  test('a public route answers', async () => {
    const answer = await shell.run(take(/^curl -i .*\/orders$/))
    expect(statusOf(answer)).toBe(200)
    expect(answer).toMatch(/^(eu-west-1 eu-[12]|us-east-1 us-1): GET \/orders$/m)
  })

  test('two regions get 80:20', async () => {
    const answers = await shell.run(take(/^for .* sort \| uniq -c$/))
    expect(countOf(answers, 'eu-west-1')).toBeGreaterThanOrEqual(14)
    expect(countOf(answers, 'us-east-1')).toBeGreaterThanOrEqual(2)
    expect(countOf(answers, 'eu-west-1') + countOf(answers, 'us-east-1')).toBe(20)
  })

  test('a protected route: 401, 200 with the token, 403 with one for something else', async () => {
    expect(statusOf(await shell.run(take(/^curl -i .*\/account\/7$/)))).toBe(401)
    await shell.run(take(/^TOKEN=ey[\w.-]+$/))
    const admitted = await shell.run(take(/^curl -i -H "authorization: Bearer \$TOKEN"/))
    expect(statusOf(admitted)).toBe(200)
    expect(admitted).toMatch(/GET \/account\/7 for ada$/m)
    await shell.run(take(/^OTHER=\$\(curl/))
    const refused = await shell.run(take(/^curl -i -H "authorization: Bearer \$OTHER"/))
    expect(statusOf(refused)).toBe(403)
    expect(refused).toContain('scope_missing')
  })

  test('a region goes down: no call fails, all of it moves', async () => {
    expect(await shell.run(take(/^curl -X POST .*\/off$/))).toContain('eu-west-1 is off')
    const answers = await shell.run(take(/^for .* sort \| uniq -c$/))
    expect(countOf(answers, 'us-east-1')).toBe(20)
    expect(answers.trim().split('\n')).toHaveLength(1)
  })

  test('it comes up again: its share comes back', async () => {
    expect(await shell.run(take(/^curl -X POST .*\/on$/))).toContain('eu-west-1 is on')
    // Not slept through: it is asked until it is so.
    take(/^sleep \d+$/)
    const loop = take(/^for .* sort \| uniq -c$/)
    for (;;) {
      const answers = await shell.run(loop)
      expect(countOf(answers, 'eu-west-1') + countOf(answers, 'us-east-1')).toBe(20)
      if (countOf(answers, 'eu-west-1') >= 14) break
    }
  })

  test('the admin port and explain say what the gateway thinks', async () => {
    const backends = JSON.parse(await shell.run(take(/^curl -s .*\/debug\/backends$/))) as {
      readonly cluster: string
    }[]
    expect(backends.map(({ cluster }) => cluster)).toContain('quickstart/orders-eu:80')
    const metrics = await shell.run(take(/^curl -s .*\/metrics \| grep/))
    expect(metrics).toMatch(/^fairlead_backend_requests_total\{.*region="eu-west-1".*\} \d+$/m)
    const explanation = await shell.run(take(/^node .* explain /))
    expect(explanation).toContain('rule quickstart/shop/account serves it')
  })

  test('nothing was printed that was not tried', () => {
    expect(left).toEqual([])
  })

  test('nothing is fetched: every connection of npm, the build, the demo and the gateway stays here', () => {
    const targets = fs.readFileSync(connects, 'utf8').trim().split('\n')
    expect([...new Set(targets)].sort()).toEqual(['127.0.0.1'])
  })

  test('the next start builds nothing; after an edit the next one does', async () => {
    const isBuilt = `import('./scripts/built.mjs').then(({ isBuilt }) => console.log(isBuilt()))`
    const asked = async () => (await shell.run(`node -e "${isBuilt}"`)).trim()
    expect(await asked()).toBe('true')
    const source = join(root, 'src/cli/version.ts')
    const { atime, mtime } = fs.statSync(source)
    fs.utimesSync(source, atime, new Date(mtime.getTime() + 1000))
    expect(await asked()).toBe('false')
    fs.utimesSync(source, atime, mtime)
    expect(await asked()).toBe('true')
  })

  test('SIGTERM to the parent alone: no process and no file is left', async () => {
    expect(family.length).toBeGreaterThanOrEqual(3)
    expect(fs.readdirSync(quickstart.temporary)).toHaveLength(1)
    process.kill(quickstart.process.pid as number, 'SIGTERM')
    await quickstart.gone(family)
    expect(fs.readdirSync(quickstart.temporary)).toEqual([])
  })
})

describe('in a container: no npm, no TTY, no HOME', () => {
  let quickstart: Quickstart
  afterEach(() => quickstart.close())

  const start = async (more: readonly string[] = []) => {
    const env = { PATH: process.env['PATH'] }
    quickstart = new Quickstart([...direct, ...more], await freePort(), env)
    await quickstart.until(/Ctrl-C ends everything/)
  }

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s to it alone, as to a first process: it ends with 0 and leaves nothing',
    async (signal) => {
      await start(['--address', '0.0.0.0'])
      const { family } = quickstart
      process.kill(quickstart.process.pid as number, signal)
      await quickstart.gone(family)
      expect(quickstart.process.exitCode).toBe(0)
      expect(fs.readdirSync(quickstart.temporary)).toEqual([])
    },
  )

  test('Ctrl-C, to the whole process group: the same', async () => {
    await start()
    const { family } = quickstart
    process.kill(-(quickstart.process.pid as number), 'SIGINT')
    await quickstart.gone(family)
    expect(quickstart.process.exitCode).toBe(0)
    expect(fs.readdirSync(quickstart.temporary)).toEqual([])
  })
})

describe('what it needs', () => {
  test('--help says how; what is wrong with an option is said with how', async () => {
    const shell = new Shell(root)
    expect(await shell.run('npm start --silent -- --help')).toMatch(/--port[\s\S]*--address/)
    const run = 'node examples/quickstart/run.mjs'
    await expect(shell.run(`${run} --prot 1`)).rejects.toThrow(/--prot[\s\S]*usage/)
    await expect(shell.run(`${run} --port 65534`)).rejects.toThrow(/from 1 to 65533[\s\S]*usage/)
    await shell.close()
  })

  test.each([0, 1, 2])(
    'port number %d of the three is taken: it says which, and which are free',
    async (i) => {
      const port = await freePort()
      const server = await listens(port + i)
      const quickstart = new Quickstart(direct, port)
      await quickstart.gone([])
      server?.close()
      expect(quickstart.process.exitCode).toBe(1)
      expect(quickstart.output).toContain(`Port ${port + i} is taken`)
      const free = Number(/npm start -- --port (\d+)/.exec(quickstart.output)?.[1])
      expect(free).toBeGreaterThan(port)
      expect(fs.readdirSync(quickstart.temporary)).toEqual([])
      quickstart.close()
    },
  )

  test('npm ci runs no install script, and no package that is needed has one that matters', () => {
    expect(fs.readFileSync(join(root, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m)
    const { packages } = JSON.parse(fs.readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>
    }
    const scripted = Object.keys(packages).filter((name) => packages[name]?.hasInstallScript)
    // Those of esbuild and fsevents only save time, that of protobufjs only prints; build and tests run here without them.
    const harmless = /(^|\/)(esbuild|fsevents|protobufjs)$/
    expect(scripted.filter((name) => !harmless.test(name))).toEqual([])
  })
})
