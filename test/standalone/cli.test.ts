import { symlinkSync } from 'node:fs'
import net from 'node:net'
import type { Command, Option } from 'commander'
import { describe, expect, onTestFinished, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { createProgram } from '../../src/cli/program.ts'
import { run } from '../harness/command.ts'
import { Folder } from '../harness/folder.ts'
import { route, yamlOf } from '../harness/manifests.ts'

const commands = createProgram().commands
const options = commands.flatMap((command) =>
  command.options.map((option) => ({ name: `${command.name()} ${option.long}`, command, option })),
)
const broken = { ...route('b'), spec: { hostnames: ['b.example'], rules: [{ name: 'r' }] } }

/** A value that the option takes and that is not its default, as a text and as the program has it. */
function sampleOf(option: Option): readonly [text: string, value: unknown] {
  const { flags, argChoices, defaultValue } = option
  if (option.isBoolean()) return ['true', true]
  if (/:port>/.test(flags)) return ['[::1]:1234', { host: '::1', port: 1234 }]
  if (/<n>/.test(flags)) return ['3', 3]
  if (/<label>/.test(flags)) return ['a-tls', 'a-tls']
  if (/<names>/.test(flags)) return ['one,two', ['one', 'two']]
  if (/<field>/.test(flags)) return ['x-a: 1', [['x-a', '1']]]
  const choice = argChoices?.find((each) => each !== defaultValue) ?? 'a value'
  return [choice, choice]
}

/** What a command would be called with: what it must have, and these. */
function parsed(command: Command, args: readonly string[]): Record<string, unknown> {
  const wanted = command.registeredArguments.map((each) => (each.name() === 'method' ? 'GET' : 'x'))
  const needed = command.options
    .filter(({ mandatory, long }) => mandatory && !args.includes(long!))
    .flatMap((option) => [option.long!, sampleOf(option)[0].replace('1234', '5678')])
  command.action(() => {}).parse([...wanted, ...needed, ...args], { from: 'user' })
  return command.opts()
}

const fresh = (name: string): Command =>
  createProgram().commands.find((each) => each.name() === name)!

describe('every option', () => {
  test('there are options', () => expect(options.length).toBeGreaterThan(15))

  test.each(options)(
    '$name is also FAIRLEAD_*, which the command line overrules',
    ({ command, option }) => {
      const variable = `FAIRLEAD_${option.name().replaceAll('-', '_').toUpperCase()}`
      expect(option.envVar).toBe(variable)
      const [text, value] = sampleOf(option)
      const flag = option.isBoolean() ? [option.long!] : [option.long!, text]
      const opts = (args: readonly string[]) =>
        parsed(fresh(command.name()), args)[option.attributeName()]
      onTestFinished(() => void delete process.env[variable])
      expect(opts(flag)).toEqual(value)
      if (option.mandatory) return
      expect(opts([])).not.toEqual(value)
      process.env[variable] = text
      expect(opts([])).toEqual(value)
      if (option.isBoolean()) return
      const [other] = option.argChoices ?? [/:port>/.test(option.flags) ? ':9' : '9']
      process.env[variable] = /<field>/.test(option.flags) ? 'x-b: 2' : other
      expect(opts(flag)).toEqual(value)
    },
  )

  test.each(commands.map((command) => ({ name: command.name(), command })))(
    '$name --help explains itself',
    ({ name, command }) => {
      let help = ''
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
      expect(help).toMatch(new RegExp(`^Usage: fairlead ${name} `))
      for (const { long, description } of command.options) {
        expect(help).toContain(long)
        expect(description.length).toBeGreaterThan(8)
      }
      if (command.options.length > 0)
        expect(help).toMatch(new RegExp(`Examples:\\n {2}# .+\\n {2}fairlead ${name} `))
    },
  )
})

describe.concurrent('a wrong command line is answered in one line, with exit code 2', () => {
  test.each<{ args: string; env?: Record<string, string>; says: string }>([
    {
      args: 'chek',
      says: "fairlead: unknown command 'chek' (Did you mean check?); fairlead --help says more",
    },
    {
      args: 'check',
      says: "fairlead check: missing required argument 'dir'; fairlead check --help says more",
    },
    {
      args: 'check a b',
      says: "fairlead check: too many arguments for 'check'. Expected 1 argument but got 2. fairlead check --help says more",
    },
    {
      args: 'check --setings x y',
      says: "fairlead check: unknown option '--setings' (Did you mean --settings?); fairlead check --help says more",
    },
    {
      args: 'check missing',
      says: 'fairlead check: missing does not exist; give the folder that holds the manifests',
    },
    {
      args: 'check package.json',
      says: 'fairlead check: package.json is no folder; give the folder that holds the manifests',
    },
    {
      args: 'standalone',
      says: "fairlead standalone: required option '--config <dir>' not specified; fairlead standalone --help says more",
    },
    {
      args: 'standalone --config x --http 8080',
      says: "fairlead standalone: option '--http <addr:port>' argument '8080' is invalid. It must be ADDR:PORT, for instance 127.0.0.1:8080 or [::1]:8080. fairlead standalone --help says more",
    },
    {
      args: 'standalone',
      env: { FAIRLEAD_CONFIG: 'x', FAIRLEAD_WORKERS: '0' },
      says: "fairlead standalone: option '--workers <n>' value '0' from env 'FAIRLEAD_WORKERS' is invalid. It must be a whole number from 1 to 64. fairlead standalone --help says more",
    },
    {
      args: 'check .',
      env: { FAIRLEAD_ALLOW_LOOPBACK: 'maybe' },
      says: 'fairlead: FAIRLEAD_ALLOW_LOOPBACK must be true or false, not "maybe"; fairlead --help says more',
    },
    {
      args: 'explain --config x GET orders',
      says: 'fairlead explain: "orders" must be a whole URL, such as http://api.shop.example/orders?page=2',
    },
    {
      args: 'explain --config missing GET http://a/',
      says: 'fairlead explain: missing does not exist; give the folder that holds the manifests',
    },
  ])('$args', async ({ args, env = {}, says }) => {
    expect(await run(args.split(' '), { env })).toEqual({
      code: 2,
      stdout: '',
      stderr: `${says}\n`,
    })
  })

  test('no command at all shows the help', async () => {
    const { code, stderr } = await run([])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^Usage: fairlead /)
  })
})

describe.concurrent('fairlead check', () => {
  test('exits 0 when nothing is wrong, 1 when something is, and says so to programs', async () => {
    const good = new Folder({ 'a.yaml': yamlOf(route('a')) })
    const bad = new Folder({ 'a.yaml': yamlOf(route('a'), broken), 'c.yaml': 'oops: [\n' })
    const results = await Promise.all(
      [good, bad].map(({ path }) => run(['check', path, '--output', 'json'])),
    )
    const [fine, faulty] = results.map(({ code, stdout }) => ({ code, ...JSON.parse(stdout) }))
    expect(fine).toMatchObject({ code: 0, ok: true, problems: [], statuses: [{ name: 'a' }] })
    expect(faulty).toMatchObject({
      code: 1,
      ok: false,
      problems: [{ file: 'c.yaml', line: 2, column: 1 }],
      statuses: [{ name: 'a' }, { name: 'b' }],
    })
  })

  test('exits 1 for what is under the name of a manifest and cannot be read as one', async () => {
    const folder = new Folder({ 'a.yaml': yamlOf(route('a')), 'B.YAML': '' })
    symlinkSync('nowhere', folder.at('c.yaml'))
    const { code, stdout } = await run(['check', folder.path])
    expect(code).toBe(1)
    expect(stdout).toContain('BAD  c.yaml: is a symbolic link to what does not exist')
    expect(stdout).toContain('BAD  B.YAML: is ignored')
  })

  test('checks the settings with which it checks the rest', async () => {
    const folder = new Folder({
      'm/a.yaml': yamlOf(route('a')),
      'strict.yaml': 'guardrails: { allowPublic: false }\n',
      'wrong.yaml': 'guardrail: {}\nlimits: { target: 1 }\n',
    })
    const [strict, wrong, missing] = await Promise.all(
      ['strict.yaml', 'wrong.yaml', 'missing.yaml'].map((name) =>
        run(['check', 'm', '--settings', name], { cwd: folder.path }),
      ),
    )
    expect(strict).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('Accepted NotPermitted: spec.rules[0].authorize'),
    })
    expect(wrong!.code).toBe(1)
    expect(wrong!.stdout).toContain('BAD  wrong.yaml: limits.target: must be between 256 and 64Ki')
    expect(wrong!.stdout).toContain(
      'BAD  wrong.yaml: guardrail: is not a field that exists here; did you mean "guardrails"?',
    )
    expect(missing).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('BAD  missing.yaml: does not exist'),
    })
  })

  test('prints no colours and moves no cursor where no person sits', async () => {
    const hostile = { ...route('a'), spec: { ...route('a').spec, '\u001b[2J\u202e': 1 } }
    const folder = new Folder({ 'a.yaml': yamlOf(hostile) })
    const { code, stdout } = await run(['check', folder.path], {
      env: { CI: '1', FORCE_COLOR: '1', TERM: 'xterm' },
    })
    expect(code).toBe(1)
    expect(stdout).toContain('spec["\\u001b[2J\\u202e"]: is not a field that exists here')
    expect(stdout).not.toMatch(/[^\P{C}\n]/u)
  })
})

describe.concurrent('fairlead explain', () => {
  const folder = () =>
    new Folder({ 'a.yaml': yamlOf(route('a', { name: 'x', path: '/x' }), broken) }).path

  test.each<{ what: string; args: readonly string[]; code: number; says: RegExp }>([
    {
      what: 'a rule serves it',
      args: ['GET', 'http://a.example/x'],
      code: 0,
      says: /^rule shop\/a\/x serves it\n/,
    },
    {
      what: 'a broken rule holds its place',
      args: ['GET', 'http://b.example/'],
      code: 1,
      says: /^rule shop\/b\/\S+ is broken and holds its place: 503\n.*answer {5}503 rule_invalid/s,
    },
    {
      what: 'R10 a method that nobody has heard of',
      args: ['FOO', 'http://a.example/x'],
      code: 1,
      says: /^FOO is no registered method and no match of rule shop\/a\/x names it: 501/,
    },
    {
      what: 'R6 a method that is not for a gateway',
      args: ['TRACE', 'http://a.example/x'],
      code: 1,
      says: /^the gateway refuses it with 405 method_not_allowed, before any rule is looked for\n$/,
    },
    {
      what: 'no rule matches',
      args: ['GET', 'http://a.example/y'],
      code: 1,
      says: /^no rule matches: 404\n/,
    },
    {
      what: 'the path is taken as it was typed',
      args: ['GET', 'http://a.example/y/../x?q=%2e'],
      code: 0,
      says: /path {7}\/x\n/,
    },
    {
      what: 'a path above the root is refused',
      args: ['GET', 'http://a.example/../x'],
      code: 1,
      says: /^the path has no canonical form\n/,
    },
    {
      what: 'the host as curl would send it',
      args: ['-H', 'Host: A.example:80', 'GET', 'http://127.0.0.1:8080/x'],
      code: 0,
      says: /^rule shop\/a\/x serves it/,
    },
  ])('$what', async ({ args, code, says }) => {
    const ended = await run(['explain', '--config', folder(), ...args])
    expect(ended).toMatchObject({ code, stderr: '', stdout: expect.stringMatching(says) })
  })

  test('as JSON for programs', async () => {
    const { stdout } = await run([
      'explain',
      '--config',
      folder(),
      '--output',
      'json',
      'GET',
      'http://a.example/x',
    ])
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'rule', host: 'a.example', shares: [] })
  })
})

describe.concurrent('fairlead standalone tells in one line why it cannot start, with exit code 1', () => {
  const free = ['--http', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--log-level', 'error']

  test('a folder that does not exist', async () => {
    const ended = await run(['standalone', '--config', 'missing', ...free])
    expect(ended).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'fairlead standalone: missing does not exist; give the folder that holds the manifests\n',
    })
  })

  test('a port that is taken', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as net.AddressInfo
    const folder = new Folder()
    for (const name of ['--http', '--admin']) {
      const args = ['standalone', '--config', folder.path, ...free, name, `127.0.0.1:${port}`]
      expect(await run(args)).toEqual({
        code: 1,
        stdout: '',
        stderr: `fairlead standalone: port ${port} is taken; stop what uses it, or give another one with ${name} 127.0.0.1:${port + 1}\n`,
      })
    }
  })

  test('settings that are broken, with nothing saved that was good', async () => {
    const folder = new Folder({ 's.yaml': 'limits: { target: x }\nclocks: 7\n' })
    const args = ['standalone', '--config', '.', '--settings', 's.yaml', ...free]
    const { code, stderr } = await run(args, { cwd: folder.path })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^fairlead standalone: s\.yaml: .*clocks: must be an object, not 7.*\n$/)
    expect(stderr).toContain('limits.target: must be a quantity such as 64Ki or 10Mi')
    const missing = await run(
      args.map((arg) => arg.replace('s.yaml', 'none.yaml')),
      { cwd: folder.path },
    )
    expect(missing.stderr).toBe('fairlead standalone: none.yaml: does not exist\n')
  })
})

test.each([['version'], ['--version'], ['-V']])(
  'fairlead %s says which one it is',
  async (flag) => {
    const stdout = `fairlead ${manifest.version}\n`
    expect(await run([flag])).toEqual({ code: 0, stdout, stderr: '' })
  },
)
