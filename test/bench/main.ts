// npm run bench [-- install | table FILE... | [--results] options of `bench run`]: Fairlead beside its peers.
import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = process.cwd()
const bench = resolve(process.env['BENCH_DIR'] ?? join(root, '..', 'shared', 'bench'))
const program = join(bench, 'bench.mjs')
const results = join(root, 'test/bench/RESULTS.md')

/**
 * What this version can do like for like. Rate limits join when they exist. `idle` opens 5,000 connections from one
 * address, of which the standard settings take 1,000: idle connections are a drill instead (`idle-connections`).
 */
const cases = 'plain,body,post,tls,tlsnew,h2,jwt,jwtcold,routes,lat'
const peers = 'fairlead,nginx,haproxy,envoy,http-proxy,floor'

if (!existsSync(program)) {
  console.error(
    `The benchmark is not at ${bench}. Set BENCH_DIR to the folder that holds bench.mjs.`,
  )
  process.exit(1)
}

const given = process.argv.slice(2)
const keeps = given.includes('--results')
const args = given.filter((arg) => arg !== '--results')
process.exitCode = ['install', 'table'].includes(args[0] ?? '')
  ? await run(args)
  : await measure(args)

async function measure(options: readonly string[]): Promise<number> {
  const rest = options[0] === 'run' ? options.slice(1) : options
  const chosen = [
    ...(rest.includes('--case') ? [] : ['--case', cases]),
    ...(rest.includes('--sut') ? [] : ['--sut', peers]),
  ]
  let table = ''
  const command = ['run', ...chosen, ...rest]
  const code = await run(command, (text) => {
    table += text
  })
  if (code === 0 && keeps) writeFileSync(results, page(command, table))
  return code
}

function page(command: readonly string[], table: string): string {
  return `# Results
Written by \`npm run bench -- --results\` (\`bench ${command.join(' ')}\`). What the columns mean, and how it was measured, is in the
readme of the benchmark. Compare rows of one table only. What the figures taught is in [NOTES.md](NOTES.md).

${table.trim()}
`
}

/** Runs the benchmark on this repository. @returns its exit code */
function run(args: readonly string[], take?: (text: string) => void): Promise<number> {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, FAIRLEAD_DIR: root },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text)
    take?.(text)
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => child.kill(signal))
  return new Promise((done) => child.on('close', (code) => done(code ?? 1)))
}
