import { type Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../base/clock.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { ExplainedRequest } from '../proxy/runtime/explain.ts'
import type { ExplainedTls } from '../proxy/runtime/explain-tls.ts'
import { command, examples, giveUp, readFault } from './command.ts'
import {
  type CompiledFolder,
  compileFolder,
  type FolderFlags,
  folderOptions,
} from './compile-folder.ts'
import { option } from './options.ts'
import { printExplanation, type ShownShare } from './print-explanation.ts'

interface ExplainFlags extends FolderFlags {
  readonly config: string
  readonly region: string
  readonly header: readonly Field[]
  readonly output: 'text' | 'json'
}

type Field = readonly [name: string, value: string]

/** `fairlead explain METHOD URL`: which rule would serve a request and why, by the router's own code. */
export function explainCommand(): Command {
  const created = command(
    'explain',
    'Say which rule would serve a request, why each other one lost, who may call, and where it would go. Exit code 1 when no rule serves it.',
  )
    .argument('<method>', 'method of the request, such as GET', parseMethod)
    .argument('<url>', 'URL of the request, as a client would send it')
    .addOption(
      option('--config <dir>', 'folder with *.yaml, *.yml and *.json').makeOptionMandatory(),
    )
  for (const each of folderOptions()) created.addOption(each)
  return created
    .addOption(
      option('--region <name>', 'region of the gateway, for locality: PreferLocal').default(''),
    )
    .addOption(
      option('-H, --header <field>', 'a header of the request, "name: value"; may be repeated')
        .argParser(parseField)
        .default([], 'none'),
    )
    .addOption(
      option('--output <form>', 'text for people, json for programs')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addHelpText(
      'after',
      examples(
        [
          'which rule serves it, and why',
          'fairlead explain --config ./manifests GET http://api.shop.example/orders/7',
        ],
        [
          'with a header that some rule looks at',
          "fairlead explain --config ./manifests -H 'x-canary: always' GET http://api.shop.example/cart",
        ],
        [
          'what a gateway in Ireland would do',
          'fairlead explain --config ./manifests --region eu-west-1 GET http://api.shop.example/orders',
        ],
      ),
    )
    .action(run)
}

function parseMethod(text: string): string {
  if (!/^[A-Z][A-Z0-9-]*$/.test(text))
    throw new InvalidArgumentError('Methods are written in upper case, such as GET.')
  return text
}

function parseField(text: string, before: readonly Field[]): readonly Field[] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(text) ?? []
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('It must be "name: value", for instance "x-tenant: acme".')
  return [...before, [name, value]]
}

async function run(method: string, url: string, flags: ExplainFlags): Promise<void> {
  const request = await requestOf(method, url, flags.header)
  const compiled = await compileFolder(flags.config, flags).catch((error: unknown) =>
    giveUp('explain', readFault(error, flags.config)),
  )
  const isServed = await answer(request, compiled, flags)
  if (!isServed) process.exitCode = 1
}

async function requestOf(
  method: string,
  url: string,
  fields: readonly Field[],
): Promise<ExplainedRequest> {
  const { explainedRequest } = await import('../proxy/runtime/explained-request.ts')
  return (
    explainedRequest(method, url, fields) ??
    giveUp('explain', `"${url}" must be a whole URL, such as http://api.shop.example/orders?page=2`)
  )
}

async function answer(
  request: ExplainedRequest,
  { snapshot, statuses, problems, certificates }: CompiledFolder,
  flags: ExplainFlags,
): Promise<boolean> {
  const [{ explain }, { explainTls }, { Router }, { isGood }] = await Promise.all([
    import('../proxy/runtime/explain.ts'),
    import('../proxy/runtime/explain-tls.ts'),
    import('../proxy/runtime/router.ts'),
    import('./print-status.ts'),
  ])
  const router = new Router(snapshot.hosts)
  const result = explain(router, request, snapshot.settings.limits)
  const tls = explainTls(request.hostname, router, snapshot)
  const secrets = new Map(certificates.map(({ print, secret }) => [print, secret]))
  const shares = await sharesOf(snapshot, result.entry, flags.region)
  const hasProblems = problems.length > 0 || !statuses.every(isGood)
  process.stdout.write(
    flags.output === 'json'
      ? `${JSON.stringify({ ...result, tls: withSecret(tls, secrets), shares }, undefined, 2)}\n`
      : printExplanation(result, {
          tls,
          secrets,
          nowWallMs: systemClock.wallMs(),
          shares,
          hasProblems,
          authorizers: snapshot.authorizers,
        }),
  )
  return result.outcome === 'rule' && result.entry?.rule.action.kind !== 'invalid'
}

const withSecret = (
  tls: ExplainedTls | undefined,
  secrets: ReadonlyMap<string, string>,
): object | undefined =>
  tls?.certificate === undefined
    ? tls
    : { ...tls, certificate: { secret: secrets.get(tls.certificate.print), ...tls.certificate } }

/** Shares with every endpoint healthy: what a live gateway does now is in /debug/backends. */
async function sharesOf(
  { clusters }: Snapshot,
  entry: Snapshot['hosts'][number]['entries'][number] | undefined,
  region: string,
): Promise<ShownShare[]> {
  const action = entry?.rule.action
  if (action?.kind !== 'forward') return []
  const { levelsOf, sharesOf: compute } = await import('../proxy/runtime/shares.ts')
  const hasEndpoints = new Map(
    clusters.map(({ id, target }) => [id, target.kind === 'url' || target.endpoints.length > 0]),
  )
  const levels = levelsOf(action, region).map((level) =>
    level.map((backend) => {
      const health = Number(hasEndpoints.get(backend.cluster) ?? false)
      return { backend, health, returning: 0, ramp: 1 }
    }),
  )
  const computed = compute(levels)
  const shares = new Map(
    levels.flatMap((level, i) => level.map(({ backend }, k) => [backend.name, computed[i]?.[k]])),
  )
  return action.backends.map(({ name, region: at, priority, weight, cluster }) => ({
    name,
    region: at,
    priority,
    weight,
    hasEndpoints: hasEndpoints.get(cluster) ?? false,
    share: shares.get(name) ?? 0,
  }))
}
