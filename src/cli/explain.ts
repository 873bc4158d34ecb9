import { Command, InvalidArgumentError } from 'commander'
import type { Forward, Rule, Snapshot } from '../model/snapshot.ts'
import type { Explanation } from '../proxy/runtime/explain.ts'
import type { Candidate } from '../proxy/runtime/shares.ts'
import { compileFolder } from './compile-folder.ts'
import { option } from './options.ts'

interface ExplainOptions {
  readonly config: string
  readonly settings?: string
  readonly class: string
  readonly region: string
  readonly allowLoopback?: boolean
  readonly header: readonly string[]
  readonly output: 'text' | 'json'
}

/** `fairlead explain METHOD URL`: which rule would serve a request and why, by the router's own code. */
export function explainCommand(): Command {
  return new Command('explain')
    .description(
      'say which rule would serve a request, why each other one lost, who may call and where it would go',
    )
    .argument('<method>', 'method of the request, such as GET')
    .argument(
      '<url>',
      'URL of the request, such as http://api.shop.example/orders?expand=items',
      parseUrl,
    )
    .addOption(option('--config <dir>', 'folder with manifests').makeOptionMandatory())
    .addOption(option('--settings <file>', 'settings file'))
    .addOption(option('--class <name>', 'routes of this class').default('fairlead'))
    .addOption(option('--region <name>', 'region of the gateway').default(''))
    .addOption(
      option('--allow-loopback', 'for development: allow backends and issuers on loopback'),
    )
    .option(
      '-H, --header <name: value>',
      'a header of the request; may be repeated',
      (value: string, all: string[]) => [...all, value],
      [],
    )
    .addOption(
      option('--output <form>', 'form of the output').choices(['text', 'json']).default('text'),
    )
    .action(run)
}

function parseUrl(text: string): URL {
  try {
    return new URL(text)
  } catch {
    throw new InvalidArgumentError(
      'It must be a whole URL, such as http://api.shop.example/orders.',
    )
  }
}

async function run(method: string, url: URL, options: ExplainOptions): Promise<void> {
  const { className, ...rest } = {
    className: options.class,
    allowLoopback: options.allowLoopback ?? false,
    ...(options.settings !== undefined && { settings: options.settings }),
  }
  const { snapshot } = await compileFolder(options.config, { className, ...rest }).catch(
    (error: Error) => {
      process.stderr.write(`fairlead explain: ${error.message}\n`)
      process.exit(2)
    },
  )
  const [{ explain }, { Router }, { HeaderList }] = await Promise.all([
    import('../proxy/runtime/explain.ts'),
    import('../proxy/runtime/router.ts'),
    import('../proxy/http1/header-list.ts'),
  ])
  const headers = new HeaderList()
  for (const text of options.header) {
    const colon = text.indexOf(':')
    headers.add(text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim())
  }
  const result = explain(new Router(snapshot.hosts), {
    method: method.toUpperCase(),
    hostname: url.hostname.toLowerCase(),
    rawPath: rawPathOf(url),
    query: url.search,
    headers,
  })
  const rule = result.entry?.rule
  const shares =
    rule?.action.kind === 'forward' ? await sharesOf(rule.action, snapshot, options.region) : []
  if (options.output === 'json')
    process.stdout.write(`${JSON.stringify({ ...result, shares }, undefined, 2)}\n`)
  else process.stdout.write(print(result, rule, shares))
  if (result.outcome !== 'rule') process.exitCode = 1
}

/** As it was typed: URL would resolve `..` before the gateway sees it. */
function rawPathOf(url: URL): string {
  return url.pathname
}

interface ShownShare {
  readonly backend: string
  readonly region: string
  readonly priority: number
  readonly weight: number
  readonly share: number
}

/** Shares with everything healthy: what a live gateway does now is in /debug/backends. */
async function sharesOf(
  action: Forward,
  snapshot: Snapshot,
  region: string,
): Promise<ShownShare[]> {
  const { levelsOf, sharesOf: compute } = await import('../proxy/runtime/shares.ts')
  const endpoints = new Map(
    snapshot.clusters.map(({ id, target }) => [
      id,
      target.kind === 'url' ? 1 : target.endpoints.length,
    ]),
  )
  const levels = levelsOf(action, region).map((level) =>
    level.map((backend) => ({
      backend,
      health: (endpoints.get(backend.cluster) ?? 0) > 0 ? 1 : 0,
      returning: 0,
      ramp: 1,
    })),
  )
  return compute(levels).flatMap((shares, i) =>
    shares.map((share, k) => {
      const { backend } = (levels[i] as readonly Candidate[])[k] as Candidate
      const { name, region: at, priority, weight } = backend
      return { backend: name, region: at, priority, weight, share }
    }),
  )
}

function print(result: Explanation, rule: Rule | undefined, shares: readonly ShownShare[]): string {
  const lines = [
    result.summary,
    `path      ${result.path ?? '(none)'}`,
    `host      ${result.host ?? '(none)'}`,
  ]
  if (rule !== undefined) {
    lines.push(`authorize ${authorization(rule)}`)
    for (const { backend, region, priority, weight, share } of shares) {
      lines.push(
        `backend   ${backend}${region === '' ? '' : ` in ${region}`}: priority ${priority}, weight ${weight}, ${Math.round(share * 1000) / 10} % with everything healthy`,
      )
    }
  }
  lines.push('', 'rules of the host, the most specific first:')
  for (const { rule: id, match, verdict, because } of result.considered)
    lines.push(
      `  ${verdict.padEnd(9)} ${id}  ${match.path.kind} ${match.path.value}${match.methods.length > 0 ? ` ${match.methods.join('|')}` : ''}: ${because}`,
    )
  return `${lines.join('\n')}\n`
}

function authorization({ authorize }: Rule): string {
  switch (authorize.kind) {
    case 'public':
      return 'public'
    case 'deny':
      return 'nobody: the authorization of this rule is broken'
    default:
      return `${authorize.kind} ${authorize.members.map(({ authorizer, scopes }) => `${authorizer}${scopes === undefined ? '' : ` with scopes ${[...(scopes.anyOf ?? []), ...(scopes.allOf ?? [])].join(' ')}`}`).join(', ')}`
  }
}
