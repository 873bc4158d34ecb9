import type { Command, Option } from 'commander'
import { command, examples } from './command.ts'
import { type Address, option, parseAddress } from './options.ts'

export interface ProxyFlags {
  readonly controller: { readonly host: string; readonly port: number }
  readonly ca: string
  readonly token?: string
  readonly cert?: string
  readonly key?: string
  readonly namespace: string
  readonly name: string
  readonly state?: string
  readonly http: Address
  readonly https?: Address
  readonly admin: Address
  readonly region: string
  readonly zone: string
  readonly accessLog: string
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug'
}

const feed: readonly Option[] = [
  option('--controller <host:port>', 'name that finds every controller, such as a headless Service')
    .argParser(parseAddress)
    .makeOptionMandatory(),
  option(
    '--ca <file>',
    'authorities of the controller, PEM; read anew for each connection',
  ).makeOptionMandatory(),
  option('--token <file>', 'service account token of audience fairlead; read anew'),
  option('--cert <file>', 'certificate that shows who we are, where tokens are not used'),
  option('--key <file>', 'private key of that certificate'),
  option('--namespace <name>', 'namespace of this Pod').makeOptionMandatory(),
  option('--name <name>', 'name of this Pod').makeOptionMandatory(),
  option(
    '--state <dir>',
    'folder for the last good snapshot and the keys of issuers, from which a proxy starts without either',
  ),
]

const traffic: readonly Option[] = [
  option('--http <addr:port>', 'where clients connect')
    .default(parseAddress('0.0.0.0:8080'), '0.0.0.0:8080')
    .argParser(parseAddress),
  option('--https <addr:port>', 'where clients connect with TLS; off unless it is given').argParser(
    parseAddress,
  ),
  option('--region <name>', 'region that this gateway runs in, for locality: PreferLocal').default(
    '',
  ),
  option(
    '--zone <name>',
    'zone that this Pod runs in: endpoints that are hinted at for it are preferred',
  ).default(''),
]

const self: readonly Option[] = [
  option('--admin <addr:port>', 'health, metrics and debug; never for clients')
    .default(parseAddress('127.0.0.1:9901'), '127.0.0.1:9901')
    .argParser(parseAddress),
  option(
    '--access-log <file>',
    'one JSON line a request: a file, - for standard output, or off',
  ).default('-'),
  option('--log-level <level>', 'what the gateway says of itself, on standard error')
    .choices(['error', 'warn', 'info', 'debug'])
    .default('info'),
]

const after = `${examples([
  'in a Pod',
  'fairlead proxy --controller fairlead-controller.gateway.svc:9443 --ca /ca/ca.crt --token /token/token \\\n    --namespace gateway --name "$POD_NAME" --state /state',
])}

It starts from its last good snapshot when no controller answers, and serves on whatever happens to them. Ready when
/readyz on the admin port answers 200. SIGUSR2 opens the access log anew; SIGTERM drains and exits.`

/** `fairlead proxy`: the data plane of a cluster, fed by its controller. */
export function proxyCommand(): Command {
  const created = command('proxy', 'Serve what the controller of a cluster says.')
  for (const each of [feed, traffic, self].flat()) created.addOption(each)
  return created.addHelpText('after', after).action(async (flags: ProxyFlags) => {
    const { runProxy } = await import('./run-proxy.ts')
    await runProxy(flags)
  })
}
