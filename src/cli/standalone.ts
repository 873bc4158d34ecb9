import { Command } from 'commander'
import { type Address, option, parseAddress, parseCount } from './options.ts'

export interface StandaloneFlags {
  readonly config: string
  readonly settings?: string
  readonly state?: string
  readonly http: Address
  readonly admin: Address
  readonly region: string
  readonly class: string
  readonly allowLoopback?: boolean
  readonly workers: number
  readonly accessLog: string
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug'
}

/** `fairlead standalone`: controller and proxy in one program, manifests from a folder, no Kubernetes. */
export function standaloneCommand(): Command {
  return new Command('standalone')
    .description('run a gateway from a folder of manifests, without Kubernetes')
    .addOption(
      option(
        '--config <dir>',
        'folder with *.yaml, *.yml and *.json; watched',
      ).makeOptionMandatory(),
    )
    .addOption(option('--settings <file>', 'settings of the platform (docs/settings.md); watched'))
    .addOption(
      option(
        '--state <dir>',
        'folder where the last good version of a broken object outlives a restart',
      ),
    )
    .addOption(
      option('--http <addr:port>', 'where clients connect')
        .default(parseAddress('0.0.0.0:8080'), '0.0.0.0:8080')
        .argParser(parseAddress),
    )
    .addOption(
      option('--admin <addr:port>', 'health, metrics and debug; never for clients')
        .default(parseAddress('127.0.0.1:9901'), '127.0.0.1:9901')
        .argParser(parseAddress),
    )
    .addOption(
      option(
        '--region <name>',
        'region that this gateway runs in, for locality: PreferLocal',
      ).default(''),
    )
    .addOption(option('--class <name>', 'serve the routes of this class').default('fairlead'))
    .addOption(
      option('--allow-loopback', 'for development: allow backends and issuers on loopback'),
    )
    .addOption(
      option('--workers <n>', 'processes that share the traffic')
        .default(1, '1')
        .argParser(parseCount),
    )
    .addOption(
      option(
        '--access-log <file>',
        'one JSON line a request: a file, - for standard output, or off',
      ).default('-'),
    )
    .addOption(
      option('--log-level <level>', 'what the gateway says of itself, on standard error')
        .choices(['error', 'warn', 'info', 'debug'])
        .default('info'),
    )
    .addHelpText(
      'after',
      '\nExample:\n  fairlead standalone --config ./manifests --http 127.0.0.1:8080 --allow-loopback\n\nReady when /readyz on the admin port answers 200. SIGUSR2 opens the access log anew; SIGTERM drains and exits.',
    )
    .action(async (flags: StandaloneFlags) => {
      const { runStandalone } = await import('./run-standalone.ts')
      await runStandalone(flags)
    })
}
