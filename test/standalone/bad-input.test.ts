import http from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { createCompiler } from '../../src/controller/compile/compile.ts'
import { Directory } from '../../src/controller/sources/directory.ts'
import type { SourceProblem } from '../../src/controller/sources/stock.ts'
import type { ObjectStatus } from '../../src/model/problem.ts'
import { defaultSettings } from '../../src/model/settings.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { Folder } from '../harness/folder.ts'
import { yamlOf } from '../harness/manifests.ts'
import { type Program, startProgram } from '../harness/program.ts'
import { answering, ok, startUpstream, type Upstream } from '../harness/upstream.ts'
import { forwardingFaults, type Spec } from './faults.ts'
import { authorizer, authorizerFaults, fileFaults } from './faults-elsewhere.ts'
import { objectFaults } from './faults-of-objects.ts'
import { ruleFaults } from './faults-of-rules.ts'

/**
 * A folder with broken objects of more than a hundred different kinds among good ones, through the built program: the
 * good ones are served, the broken ones hold their places, and everybody is told where, what, and what would be right.
 */
const goodRoutes = 100
const faults = [...forwardingFaults, ...ruleFaults, ...objectFaults]

interface Page {
  readonly statuses: readonly ObjectStatus[]
  readonly problems: readonly SourceProblem[]
}

let upstream: Upstream
let program: Program
let page: Page
let agent: http.Agent

const route = (name: string, spec: unknown) => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiRoute',
  metadata: { name, namespace: 'shop' },
  spec,
})

/** Two rules, the first of which will be broken. */
function specOf(host: string, port: number): Spec {
  const rule = (name: string) => ({
    name,
    matches: [{ path: { prefix: `/${name}` } }],
    authorize: { public: true },
    backends: [{ name: 'b', url: `http://127.0.0.1:${port}` }],
  })
  return { hostnames: [host], rules: [rule('held'), rule('other')] }
}

const shared = `apiVersion: v1
kind: Service
metadata: { name: orders, namespace: shop }
spec: { ports: [{ port: 80 }] }
---
apiVersion: fairlead.dev/v1alpha1
kind: ApiAuthorizer
metadata: { name: tokens, namespace: shop }
spec: { jwt: { issuers: [{ issuer: "https://login.example/", audiences: [a] }] } }
`

function manifests(port: number): Record<string, string> {
  const files: Record<string, string> = { 'shared.yaml': shared }
  for (let i = 0; i < goodRoutes; i++)
    files[`good-${i}.yaml`] = yamlOf(route(`good-${i}`, specOf(`good-${i}.example`, port)))
  faults.forEach(({ edit, more = [] }, i) => {
    const spec = specOf(`fault-${i}.example`, port)
    edit(spec)
    files[`fault-${i}.yaml`] = yamlOf(route(`fault-${i}`, spec), ...more)
  })
  authorizerFaults.forEach(({ spec, more = [] }, i) => {
    const name = `authorizer-${i}`
    const uses = specOf(`${name}.example`, port)
    uses.rules[0].authorize = { anyOf: [{ authorizer: { name } }] }
    files[`${name}.yaml`] = yamlOf(route(name, uses), authorizer(name, spec), ...more)
  })
  fileFaults.forEach(({ text }, i) => {
    files[`file-${i}.yaml`] = text
  })
  return files
}

/** `503 rule_invalid`, `200 hello`. */
const ask = (host: string, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { port: program.port, host: '127.0.0.1', path, headers: { host }, agent }
    http
      .get(options, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.on('end', () => {
          const body = text.startsWith('{') ? (JSON.parse(text) as { code: string }).code : text
          resolve(`${answer.statusCode} ${body}`)
        })
      })
      .on('error', reject)
  })

/** Each line of what is said against an object. */
const saidOf = (kind: string, name: string): string[] =>
  page.statuses
    .filter((status) => status.kind === kind && status.name === name)
    .flatMap(({ conditions }) => conditions)
    .filter(({ status }) => status === 'False')
    .flatMap(({ message }) => message.split('\n'))

/** Where, a colon, and what would be right, in lines that can be printed and are not too long. */
function expectTaught(said: readonly string[], where: string, right: string): void {
  const line = said.find((each) => each.startsWith(`${where}: `) && each.includes(right))
  expect(line ?? said, `${where}: ... ${right}`).toEqual(line)
  expect(line).toBeDefined()
  for (const each of said) {
    expect(each).not.toMatch(/[^\P{C}]|[\u2028\u2029]/u)
    expect(each.length).toBeLessThan(1500)
  }
}

beforeAll(async () => {
  upstream = await startUpstream(answering(ok()))
  program = await startProgram({
    manifests: manifests(upstream.port),
    flags: () => ['--access-log', 'off', '--log-level', 'info'],
  })
  agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
  page = JSON.parse((await program.ask('/debug/status')).text) as Page
})

afterAll(async () => {
  agent.destroy()
  await program.close()
  await upstream.close()
})

describe('bad input', () => {
  test('there are more than a hundred different faults', () => {
    const all = [...faults, ...authorizerFaults, ...fileFaults].map(({ what }) => what)
    expect(all.length).toBeGreaterThan(150)
    expect(new Set(all).size).toBe(all.length)
  })

  test('every good route is served, and nothing is said against it', async () => {
    for (let i = 0; i < goodRoutes; i++) {
      expect(await ask(`good-${i}.example`, '/held/1')).toBe('200 hello')
      expect(saidOf('ApiRoute', `good-${i}`)).toEqual([])
    }
  })

  test('no byte of what a good route compiles to is different', async () => {
    const folder = new Folder()
    for (const [name, text] of Object.entries(manifests(upstream.port)))
      if (name.startsWith('good-')) folder.write(name, text)
    const directory = new Directory(folder.path, { clock: systemClock, changed: () => {} })
    directory.open()
    const options = { className: 'fairlead', allowLoopback: true, settings: defaultSettings }
    const alone = createCompiler()(directory.shelf.world, options).snapshot.hosts
    const { hosts } = JSON.parse((await program.ask('/debug/snapshot')).text) as Snapshot
    expect(alone).toHaveLength(goodRoutes)
    expect(hosts.filter(({ hostname }) => hostname.startsWith('good-'))).toEqual(alone)
  })

  test.each(faults.map((fault, i) => ({ i, ...fault })))(
    '$what',
    async ({ i, where, right, held = '503 rule_invalid', other = '200 hello' }) => {
      expectTaught(saidOf('ApiRoute', `fault-${i}`), where, right)
      expect(await ask(`fault-${i}.example`, '/held/1')).toBe(held)
      expect(await ask(`fault-${i}.example`, '/other')).toBe(other)
    },
  )

  test.each(authorizerFaults.map((fault, i) => ({ i, ...fault })))(
    '$what',
    async ({ i, where, right }) => {
      expectTaught(saidOf('ApiAuthorizer', `authorizer-${i}`), where, right)
      expect(await ask(`authorizer-${i}.example`, '/held/1')).toMatch(
        /^(503 authorizer_unavailable|401 credentials_missing)$/,
      )
      expect(await ask(`authorizer-${i}.example`, '/other')).toBe('200 hello')
    },
  )

  test.each(fileFaults.map((fault, i) => ({ i, ...fault })))('$what', ({ i, right }) => {
    const said = page.problems
      .filter(({ file }) => file === `file-${i}.yaml`)
      .map(({ line, column, message }) =>
        line === 0 ? `: ${message}` : `:${line}:${column}: ${message}`,
      )
    expect(said).toEqual([expect.stringContaining(right)])
  })
})
