import { Command } from 'commander'
import { checkCommand } from './check.ts'
import { controllerCommand } from './controller.ts'
import { explainCommand } from './explain.ts'
import { proxyCommand } from './proxy.ts'
import { standaloneCommand } from './standalone.ts'
import { version } from './version.ts'

const program = new Command('fairlead')
  .description('An API gateway for Kubernetes: routes, tokens and regions.')
  .version(version, '-V, --version', 'print the version')
  .showHelpAfterError('(--help says more)')
  .addHelpText(
    'after',
    '\nEvery option can also be given in the environment: --access-log is FAIRLEAD_ACCESS_LOG.\nThe documentation is in docs/.',
  )

program.addCommand(standaloneCommand())
program.addCommand(controllerCommand())
program.addCommand(proxyCommand())
program.addCommand(checkCommand())
program.addCommand(explainCommand())
program
  .command('version')
  .description('print the version')
  .action(() => void process.stdout.write(`fairlead ${version}\n`))

await program.parseAsync()
