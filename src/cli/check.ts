import type { Command } from 'commander'
import { command, examples, giveUp, readFault } from './command.ts'
import { type CompiledFolder, compileFolder, folderOptions } from './compile-folder.ts'
import { isColoured } from './config.ts'
import { option } from './options.ts'
import { isGood, printed, styleOf } from './print-status.ts'

interface CheckFlags {
  readonly settings?: string
  readonly class: string
  readonly allowLoopback?: boolean
  readonly output: 'text' | 'json'
}

/** `fairlead check DIR`: what a gateway would say of a folder, without running one. */
export function checkCommand(): Command {
  const created = command(
    'check',
    'Compile a folder of manifests and print what a gateway would say of every object. Exit code 1 on any problem.',
  ).argument('<dir>', 'folder with *.yaml, *.yml and *.json')
  for (const each of folderOptions()) created.addOption(each)
  return created
    .addOption(
      option('--output <form>', 'text for people, json for programs')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addHelpText(
      'after',
      examples(
        [
          'before a change goes anywhere',
          'fairlead check ./manifests && kubectl apply -f ./manifests',
        ],
        ['with the rules of the platform', 'fairlead check ./manifests --settings settings.yaml'],
        [
          'the messages only',
          "fairlead check ./manifests --output json | jq -r '.statuses[].conditions[].message'",
        ],
      ),
    )
    .action(run)
}

async function run(folder: string, flags: CheckFlags): Promise<void> {
  const compiled = await compileFolder(folder, flags).catch((error: unknown) =>
    giveUp('check', readFault(error, folder)),
  )
  const { statuses, problems } = compiled
  const bad = statuses.filter((status) => !isGood(status)).length
  process.stdout.write(flags.output === 'json' ? asJson(compiled) : asText(compiled, bad))
  if (bad + problems.length > 0) process.exitCode = 1
}

/** The fields of `/debug/status`, and the verdict. */
function asJson({ statuses, problems }: CompiledFolder): string {
  const ok = problems.length === 0 && statuses.every(isGood)
  return `${JSON.stringify({ ok, statuses, problems }, undefined, 2)}\n`
}

function asText({ statuses, problems }: CompiledFolder, bad: number): string {
  const style = styleOf(isColoured())
  const lines = [
    ...problems.map((problem) => printed(problem, style)),
    ...statuses.map((status) => printed(status, style)),
    `${count(statuses.length, 'object')}, ${bad} with problems; ${count(problems.length, 'problem')} with files`,
  ]
  return `${lines.join('\n')}\n`
}

const count = (number: number, what: string): string =>
  `${number} ${what}${number === 1 ? '' : 's'}`
