import type { Command, Option } from 'commander'
import { command, examples } from './command.ts'
import { type Address, option, parseAddress, parseList } from './options.ts'

export interface ControllerFlags {
  readonly namespace: string
  readonly name: string
  readonly installation: string
  readonly class: string
  readonly watchNamespaces: readonly string[]
  readonly secretNamespaces: readonly string[]
  readonly settings?: string
  readonly kubeconfig?: string
  readonly push: Address
  readonly pushNames: readonly string[]
  readonly pushClientCa?: string
  readonly proxyService: string
  readonly proxyServiceAccount: string
  readonly owner?: string
  readonly admin: Address
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug'
}

const who: readonly Option[] = [
  option('--namespace <name>', 'namespace that the controller runs in').makeOptionMandatory(),
  option('--name <name>', 'name of its Pod: the identity in the election').makeOptionMandatory(),
  option(
    '--installation <name>',
    'names the Lease, Secrets and ConfigMap of this installation',
  ).default('fairlead'),
  option('--class <name>', 'serve the routes of this class, and no others').default('fairlead'),
]

const what: readonly Option[] = [
  option(
    '--watch-namespaces <names>',
    'namespaces to serve, with commas; without them the whole cluster',
  )
    .default([], 'all')
    .argParser(parseList),
  option(
    '--secret-namespaces <names>',
    'namespaces whose Secrets may be read, with commas; * for all',
  )
    .default([], 'none')
    .argParser(parseList),
  option('--settings <file>', 'settings of the platform (docs/settings.md); watched'),
  option(
    '--kubeconfig <file>',
    'how to reach the API server; without it as the Pod, or as kubectl would',
  ),
]

const proxies: readonly Option[] = [
  option('--push <addr:port>', 'where proxies subscribe, with TLS')
    .default(parseAddress('0.0.0.0:9443'), '0.0.0.0:9443')
    .argParser(parseAddress),
  option('--push-names <names>', 'DNS names that proxies call the controller by, with commas')
    .default([], 'fairlead-controller.<namespace>.svc')
    .argParser(parseList),
  option(
    '--push-client-ca <file>',
    'authorities of the certificates that proxies show, PEM; read anew. Without it they show tokens, which takes a right to review them',
  ),
  option(
    '--proxy-service <name>',
    'Service of the proxies: its Ready endpoints are waited for',
  ).default('fairlead-proxy'),
  option('--proxy-service-account <name>', 'the only service account that may subscribe').default(
    'fairlead-proxy',
  ),
  option(
    '--owner <name>',
    'ConfigMap that owns what the controller creates, so that it goes with it',
  ),
]

const self: readonly Option[] = [
  option('--admin <addr:port>', 'health, metrics and debug')
    .default(parseAddress('127.0.0.1:9902'), '127.0.0.1:9902')
    .argParser(parseAddress),
  option('--log-level <level>', 'what the controller says of itself, on standard error')
    .choices(['error', 'warn', 'info', 'debug'])
    .default('info'),
]

const after = `${examples([
  'in a Pod, for two namespaces',
  'fairlead controller --namespace gateway --name "$POD_NAME" --watch-namespaces shop,pay --secret-namespaces shop',
])}

Ready when /readyz on the admin port answers 200: everything is listed and proxies may subscribe. One of several
controllers leads; the others are warm and take over within seconds. SIGTERM hands over and exits.`

/** `fairlead controller`: watches a cluster, pushes configuration to proxies, writes statuses. */
export function controllerCommand(): Command {
  const created = command(
    'controller',
    'Watch a cluster, push configuration to the proxies and write statuses.',
  )
  for (const each of [who, what, proxies, self].flat()) created.addOption(each)
  return created.addHelpText('after', after).action(async (flags: ControllerFlags) => {
    const { runController } = await import('./run-controller.ts')
    await runController(flags)
  })
}
