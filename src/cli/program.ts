import { checkCommand } from './check.ts'
import { command } from './command.ts'
import { controllerCommand } from './controller.ts'
import { devCertsCommand } from './dev-certs.ts'
import { explainCommand } from './explain.ts'
import { proxyCommand } from './proxy.ts'
import { standaloneCommand } from './standalone.ts'
import { version } from './version.ts'

const environment = `
Every option can be given in the environment, too: --access-log is FAIRLEAD_ACCESS_LOG. The command line wins, an
empty variable counts as none, and a switch is true or false.
The documentation is in docs/; docs/cli.md is about the command line.`

/** All that `fairlead` can be asked for. */
export function createProgram() {
  return command('fairlead', 'An API gateway for Kubernetes: routes, tokens and regions.')
    .version(`fairlead ${version}`, '-V, --version', 'print the version')
    .addHelpText('after', environment)
    .addCommand(standaloneCommand())
    .addCommand(controllerCommand())
    .addCommand(proxyCommand())
    .addCommand(checkCommand())
    .addCommand(explainCommand())
    .addCommand(devCertsCommand())
    .addCommand(
      command('version', 'print the version').action(
        () => void process.stdout.write(`fairlead ${version}\n`),
      ),
    )
}
