import type { Command, Option } from 'commander'
import { command, examples } from './command.ts'
import { type Address, option, parseAddress, parseCount } from './options.ts'

export interface StandaloneFlags {
  readonly config: string
  readonly settings?: string
  readonly state?: string
  readonly http: Address
  readonly https?: Address
  readonly admin: Address
  readonly region: string
  readonly class: string
  readonly allowLoopback?: boolean
  readonly workers: number
  readonly accessLog: string
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug'
}

const files: readonly Option[] = [
  option('--config <dir>', 'folder with *.yaml, *.yml and *.json; watched').makeOptionMandatory(),
  option('--settings <file>', 'settings of the platform (docs/settings.md); watched'),
  option(
    '--state <dir>',
    'folder where last good versions of what is broken, and keys of issuers, outlive a restart',
  ),
]

const addresses: readonly Option[] = [
  option('--http <addr:port>', 'where clients connect')
    .default(parseAddress('0.0.0.0:8080'), '0.0.0.0:8080')
    .argParser(parseAddress),
  option('--https <addr:port>', 'where clients connect with TLS; off unless it is given').argParser(
    parseAddress,
  ),
  option('--admin <addr:port>', 'health, metrics and debug; never for clients')
    .default(parseAddress('127.0.0.1:9901'), '127.0.0.1:9901')
    .argParser(parseAddress),
]

const behaviour: readonly Option[] = [
  option('--region <name>', 'region that this gateway runs in, for locality: PreferLocal').default(
    '',
  ),
  option('--class <name>', 'serve the routes of this class').default('fairlead'),
  option('--allow-loopback', 'for development: allow backends and issuers on loopback'),
  option('--workers <n>', 'processes that share the traffic').default(1, '1').argParser(parseCount),
]

const output: readonly Option[] = [
  option(
    '--access-log <file>',
    'one JSON line a request: a file, - for standard output, or off',
  ).default('-'),
  option('--log-level <level>', 'what the gateway says of itself, on standard error')
    .choices(['error', 'warn', 'info', 'debug'])
    .default('info'),
]

const after = `${examples(
  [
    'a gateway on this machine',
    'fairlead standalone --config ./manifests --http 127.0.0.1:8080 --allow-loopback',
  ],
  [
    'what breaks survives a restart, and the platform has its say',
    'fairlead standalone --config ./manifests --state /var/lib/fairlead --settings settings.yaml',
  ],
)}

Edits of the folder and of the settings are live. Ready when /readyz on the admin port answers 200; /debug/status says
what is wrong with which object. SIGUSR2 opens the access log anew; SIGTERM finishes what is in flight and exits.`

/** `fairlead standalone`: controller and proxy in one program, manifests from a folder, no Kubernetes. */
export function standaloneCommand(): Command {
  const created = command(
    'standalone',
    'Run a gateway from a folder of manifests, without Kubernetes.',
  )
  for (const each of [files, addresses, behaviour, output].flat()) created.addOption(each)
  return created.addHelpText('after', after).action(async (flags: StandaloneFlags) => {
    const { runStandalone } = await import('./run-standalone.ts')
    await runStandalone(flags)
  })
}
