import type { Command, Option } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import { consoleBlocks } from './cli-examples.ts'

/** `docs/cli.md`: every command and option as the program defines it, and what it prints. @param root of the repository */
export function cliPage(root: string): string {
  const program = createProgram()
  return `<!-- Generated from src/cli by \`npm run generate\`. -->
# Command line

One program, \`fairlead\` (\`node dist/fairlead.js\` after \`npm run build\`). Every option can be given in the environment, too;
the command line wins. An empty variable counts as none; a switch is \`true\` or \`false\`.

| exit code | when |
|---|---|
| 0 | done; \`check\`: nothing is wrong; \`explain\`: a rule serves the request; the others: stopped by a signal, after what was in flight |
| 1 | \`check\`: something is wrong; \`explain\`: no rule serves the request; the others: could not start (one line says why), or a second signal |
| 2 | the command line is wrong, or the folder that \`check\` or \`explain\` is given cannot be read; one line says what would be right |

| signal | to \`standalone\`, \`proxy\` and \`controller\` |
|---|---|
| SIGTERM, SIGINT, SIGQUIT | not ready at once, finish what is in flight, exit with 0 ([with workers](workers.md#stopping)); a second one ends it at once |
| SIGHUP | when standard input is a terminal: it is gone, so the same as SIGTERM; else nothing, and the log says so: manifests and settings are watched |
| SIGUSR1 | nothing, and the log says so: no debugger can be opened |
| SIGUSR2 | \`standalone\` and \`proxy\`: opens the access log anew, after a rotation |

${program.commands.map((command) => section(command, root)).join('\n')}
## How the folder is read
\`*.yaml\`, \`*.yml\` and \`*.json\`, many documents a file, \`kind: List\`, and the folders in the folder; names that begin with a dot
are left out. What has such a name and cannot be read as a file (a link to nothing, a FIFO, a socket, a device) is a problem, and so is
a name in upper case, which is ignored. The kinds are ApiRoute, ApiAuthorizer, Service, EndpointSlice, Secret, ConfigMap, Namespace and ReferenceGrant:
the same manifests work in a cluster.

Edits are live, whichever way a file is written: in place, by a rename, by the swap of a mounted ConfigMap. What a file
adds or changes counts after 25 ms of rest. What it takes away (a field, a rule, an object, its last line break, or the file itself)
counts when it has stayed so for 0.8 s, and for 2 s when most files are gone: a file that is half written, on its way to
another name, or on a mount that failed takes no route away.

A file that cannot be parsed, an object that is broken and settings that are broken leave in force what was good before.
With \`--state\` that survives a restart: use it for whatever is protected. What was never good, or is not remembered, holds with
503 \`rule_invalid\` what can be read of its place; a rule whose path nobody can read protects nothing of what other objects serve
([ADR 2](adr/0002-fail-closed-and-hold-the-place.md)). Statuses are logged when they change, and served at \`/debug/status\`
on the admin port: \`{ statuses, problems }\`, which is also what \`check --output json\` prints, with \`ok\` before it.
`
}

const section = (command: Command, root: string): string => `## fairlead ${command.name()}
${sentence(command.description())}

    ${usageOf(command)}

${[argumentTable(command), optionTable(command), consoleBlocks(root, command.name())].filter(Boolean).join('\n')}`

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`

function usageOf(command: Command): string {
  const usage = `fairlead ${command.name()} ${command.usage()}`
  return command.options.length > 0 ? usage : usage.replace(' [options]', '')
}

function argumentTable({ registeredArguments: rows }: Command): string {
  if (rows.length === 0) return ''
  const lines = rows.map((row) => `| \`${row.name()}\` | ${row.description} |`)
  return ['| argument | |', '|---|---|', ...lines, ''].join('\n')
}

function optionTable({ options: rows }: Command): string {
  if (rows.length === 0) return ''
  const lines = rows.map(
    (row) => `| \`${row.flags}\` | \`${row.envVar}\` | ${defaultOf(row)} | ${meaningOf(row)} |`,
  )
  return ['| option | environment | default | |', '|---|---|---|---|', ...lines, ''].join('\n')
}

function defaultOf(row: Option): string {
  const { mandatory, defaultValue, defaultValueDescription: text } = row
  if (mandatory) return 'required'
  if (row.isBoolean()) return 'off'
  if (text !== undefined) return text
  return defaultValue === undefined || defaultValue === '' ? 'none' : `\`${defaultValue}\``
}

const meaningOf = ({ description, argChoices }: Option): string =>
  argChoices === undefined ? description : `${description}: ${argChoices.join(', ')}`
