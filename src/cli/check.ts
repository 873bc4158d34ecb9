import { Command } from 'commander'
import { printSourceProblem } from '../controller/sources/stock.ts'
import { compileFolder } from './compile-folder.ts'
import { option } from './options.ts'
import { isGood, printStatus } from './print-status.ts'

interface CheckOptions {
  readonly settings?: string
  readonly class: string
  readonly allowLoopback?: boolean
  readonly output: 'text' | 'json'
}

/** `fairlead check DIR`: what a gateway would say of a folder, without running one. */
export function checkCommand(): Command {
  return new Command('check')
    .description(
      'compile a folder of manifests, print the status of every object, exit 1 on any problem',
    )
    .argument('<dir>', 'folder with *.yaml, *.yml and *.json')
    .addOption(option('--settings <file>', 'settings file'))
    .addOption(option('--class <name>', 'routes of other classes are left out').default('fairlead'))
    .addOption(
      option('--allow-loopback', 'for development: allow backends and issuers on loopback'),
    )
    .addOption(
      option('--output <form>', 'form of the output').choices(['text', 'json']).default('text'),
    )
    .addHelpText(
      'after',
      '\nExample:\n  fairlead check ./manifests && kubectl apply -f ./manifests',
    )
    .action(run)
}

async function run(folder: string, options: CheckOptions): Promise<void> {
  const { statuses, problems } = await compileFolder(folder, {
    className: options.class,
    allowLoopback: options.allowLoopback ?? false,
    ...(options.settings !== undefined && { settings: options.settings }),
  }).catch((error: Error) => {
    process.stderr.write(`fairlead check: ${error.message}\n`)
    process.exit(2)
  })
  const bad = statuses.filter((status) => !isGood(status)).length
  if (options.output === 'json')
    process.stdout.write(`${JSON.stringify({ statuses, problems }, undefined, 2)}\n`)
  else {
    for (const problem of problems) process.stdout.write(`BAD  ${printSourceProblem(problem)}\n`)
    for (const status of statuses) process.stdout.write(`${printStatus(status)}\n`)
    process.stdout.write(
      `${statuses.length} objects, ${bad} with problems; ${problems.length} problems with files\n`,
    )
  }
  if (bad + problems.length > 0) process.exitCode = 1
}
