import http from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SourceProblem } from '../../src/controller/sources/stock.ts'
import type { ObjectStatus } from '../../src/model/problem.ts'
import { run } from '../harness/command.ts'
import { Folder } from '../harness/folder.ts'
import { route, yamlOf } from '../harness/manifests.ts'
import { type Program, type ProgramOptions, startProgram } from '../harness/program.ts'

interface Page {
  readonly statuses: readonly ObjectStatus[]
  readonly problems: readonly SourceProblem[]
}

async function start(options: ProgramOptions): Promise<Program> {
  const { flags = () => [] } = options
  const quiet = (folder: string) => ['--access-log', 'off', ...flags(folder)]
  const program = await startProgram({ ...options, flags: quiet })
  onTestFinished(() => program.close())
  return program
}

/** `STATUS BODY` of a request to a host. */
const ask = ({ port }: Program, host: string, path = '/'): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path, headers: { host }, agent: false }
    http
      .get(options, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        answer.on('end', () => resolve(`${answer.statusCode} ${text}`))
      })
      .on('error', reject)
  })

/** Asks until the answer is as wanted. */
async function until(program: Program, host: string, wanted: string): Promise<void> {
  while ((await ask(program, host)) !== wanted);
}

const one = (body: string) => yamlOf(route('a', { body }))
const broken = one('1').replace('status: 200', 'status: fine')

describe('fairlead standalone', () => {
  test('takes every edit live, and says at /debug/status what check would say', async () => {
    const program = await start({ manifests: { 'a.yaml': one('1'), 'b.yaml': yamlOf(route('b')) } })
    expect(await ask(program, 'a.example')).toBe('200 1')
    program.write('a.yaml', one('2'))
    await until(program, 'a.example', '200 2')
    program.write('c.yaml', yamlOf(route('c')))
    await until(program, 'c.example', '200 c')
    program.write('b.yaml', 'oops: [\n')
    program.write('a.yaml', broken)
    const page = await program.until<Page>(
      '/debug/status',
      ({ statuses, problems }) => problems.length === 1 && statuses[0]?.conditions.length === 3,
    )
    expect(page.problems).toEqual([
      {
        file: 'b.yaml',
        line: 2,
        column: 1,
        message: 'unexpected end of the stream within a flow collection',
      },
    ])
    expect(await ask(program, 'a.example')).toBe('200 2')
    expect(await ask(program, 'b.example')).toBe('200 b')
    const [own] = JSON.parse(
      (await run(['check', `${program.folder}/manifests`, '--output', 'json'])).stdout,
    ).statuses
    expect(own.conditions[0].message).toBe(page.statuses[0]!.conditions[0]!.message)
    expect(program.stderr()).toMatch(
      /"a file has a problem; what it held before stays in force","problem":"b\.yaml:2:1: /,
    )
    expect(program.stderr()).toMatch(
      /"message":"an object has problems","object":"ApiRoute shop\/a"/,
    )
  })

  test('killed at once and started again, it serves what was last good', async () => {
    const state = new Folder()
    const flags = () => ['--state', state.path]
    const manifests = { 'a.yaml': one('1'), 'b.yaml': yamlOf(route('b')) }
    const first = await start({ manifests, flags })
    first.write('a.yaml', broken)
    first.write('b.yaml', 'oops: [\n')
    await first.until<Page>(
      '/debug/status',
      ({ statuses, problems }) => problems.length === 1 && statuses[0]?.conditions.length === 3,
    )
    first.kill('SIGKILL')
    await first.over
    const second = await start({ manifests: { 'a.yaml': broken, 'b.yaml': 'oops: [\n' }, flags })
    expect(await ask(second, 'a.example')).toBe('200 1')
    expect(await ask(second, 'b.example')).toBe('200 b')
  })

  test('takes its options from the environment', async () => {
    const folder = new Folder({ 'settings.yaml': 'healthEndpoint: true\n' })
    const environment = {
      FAIRLEAD_SETTINGS: join(folder.path, 'settings.yaml'),
      FAIRLEAD_CLASS: 'other',
      FAIRLEAD_STATE: '',
      FAIRLEAD_LOG_LEVEL: 'debug',
    }
    onTestFinished(() => {
      for (const name of Object.keys(environment)) delete process.env[name]
    })
    Object.assign(process.env, environment)
    const mine = { ...route('a'), spec: { ...route('a').spec, className: 'other' } }
    const program = await start({ manifests: { 'a.yaml': yamlOf(mine, route('b')) } })
    expect(await ask(program, 'a.example')).toBe('200 a')
    expect(await ask(program, 'b.example')).toMatch(/^404 /)
    expect(await ask(program, 'a.example', '/.well-known/fairlead/health')).toBe('200 ok\n')
    expect(program.stderr()).toMatch(/"level":"debug","message":"compiled"/)
    folder.write('settings.yaml', 'healthEndpoint: false\n')
    while ((await ask(program, 'a.example', '/.well-known/fairlead/health')) !== '200 a');
  })
})
