import { Command } from 'commander'

/** The command could not begin: a wrong command line, or a folder that cannot be read. */
const cannotBegin = 2

/** A command whose faults are told in one line that says what would be right, with exit code 2. */
export function command(name: string, description: string): Command {
  const created = new Command(name).description(description)
  return created
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : cannotBegin))
    .configureOutput({ outputError: (text, write) => write(`${oneLine(created, text)}\n`) })
}

function oneLine(faulty: Command, text: string): string {
  const path = [faulty.parent?.name() ?? [], faulty.name()].flat().join(' ')
  const message = text
    .replace(/^error: /, '')
    .trim()
    .replaceAll('\n', ' ')
  return `${path}: ${message}${message.endsWith('.') ? '' : ';'} ${path} --help says more`
}

/** Examples at the end of `--help`: what each is for, and the command. */
export const examples = (...rows: readonly (readonly [what: string, line: string])[]): string =>
  `\nExamples:\n${rows.map(([what, line]) => `  # ${what}\n  ${line}`).join('\n')}`

/** Ends the process: what was asked for cannot begin. */
export function giveUp(name: string, message: string): never {
  process.stderr.write(`fairlead ${name}: ${message}\n`)
  process.exit(cannotBegin)
}

/** What is wrong with a folder that cannot be read, and what would be right. */
export function readFault(error: unknown, folder: string): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOENT':
      return `${folder} does not exist; give the folder that holds the manifests`
    case 'ENOTDIR':
      return `${folder} is no folder; give the folder that holds the manifests`
    case 'EACCES':
      return `${folder} may not be read by this user`
    default:
      return message
  }
}
