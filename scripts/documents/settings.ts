import { settingsSchema } from '../../src/controller/api/settings-schema.ts'
import { printed } from '../crds/describe.ts'
import { type Noted, notedOf } from '../crds/noted.ts'

interface Field {
  readonly path: string
  readonly noted: Noted
}

const groups = (): readonly (readonly [string, Noted])[] =>
  Object.entries(notedOf(settingsSchema).properties ?? {})

/** Fields of a group and of the groups in it, or the field itself when it is one. */
const fieldsOf = ([name, noted]: readonly [string, Noted]): Field[] =>
  isGroup(noted)
    ? Object.entries(noted.properties ?? {}).flatMap(([key, field]) =>
        fieldsOf([`${name}.${key}`, field]),
      )
    : [{ path: name, noted }]

const isGroup = ({ properties }: Noted): boolean => properties !== undefined

/** `docs/settings.md`: every field with its unit, default and bounds. */
export function settingsPage(): string {
  const single = groups().filter(([, noted]) => !isGroup(noted))
  const grouped = groups().filter(([, noted]) => isGroup(noted))
  return `<!-- Generated from src/controller/api/settings-schema.ts by \`npm run generate\`. -->
# Settings
What belongs to the platform and not to a route, in one file: \`--settings FILE\`, YAML or JSON. Every field has a default;
an empty file means all of them. [examples/settings.yaml](../examples/settings.yaml) has every field with its default.

    fairlead check ./manifests --settings settings.yaml    # what is wrong with them, and with what under them

The file is watched, and edits are live: limits and clocks count from the next request or connection on, guardrails and
host ownership for every route at once. A file that is broken leaves in force what was good before, and says in the log
and at \`/debug/status\` where and what is wrong and what would be right; a gateway does not start with one, unless
\`--state\` knows what was good. A file that is cut short or gone for a moment changes nothing.

Durations are \`250ms\`, \`30s\`, \`1h30m\`, at most 24h; bytes are \`500\`, \`64Ki\`, \`10Mi\`.

${table(single.flatMap(fieldsOf))}
${grouped.map((group) => section(group)).join('\n')}`
}

const section = (group: readonly [string, Noted]): string =>
  `## ${group[0]}\n${group[1].description ?? ''}\n\n${table(fieldsOf(group))}`

const table = (fields: readonly Field[]): string =>
  ['| field | default | may be | |', '|---|---|---|---|', ...fields.map(row), ''].join('\n')

const row = ({ path, noted }: Field): string =>
  `| \`${path}\` | ${defaultOf(noted)} | ${boundsOf(noted)} | ${noted.description ?? ''} |`

function defaultOf({ note = {} }: Noted): string {
  return note.absent ?? `\`${printed(note.default)}\`${note.unit === 'percent' ? ' %' : ''}`
}

function boundsOf(noted: Noted): string {
  const { enum: choices, form, least, most, minimum, maximum, note } = noted
  if (choices !== undefined) return choices.map(String).join(', ')
  if (form === 'bytes') return `${least} to ${most}`
  if (form === 'duration') return isPositive(noted) ? 'more than 0s' : '0s too'
  if (minimum !== undefined) return `${minimum} to ${maximum} ${note?.unit ?? ''}`.trim()
  if (noted.maxItems !== undefined) return `at most ${noted.maxItems}`
  return noted.type === 'boolean' ? 'true, false' : 'names and fields'
}

const isPositive = ({ 'x-kubernetes-validations': rules = [] }: Noted): boolean =>
  rules.some(({ message }) => message.startsWith('must be more than 0s'))

/** \`examples/settings.yaml\`: every field with its default. */
export function settingsExample(): string {
  const lines = groups().flatMap(([path, noted]) => [...example({ path, noted }, ''), ''])
  return `# Generated from src/controller/api/settings-schema.ts by \`npm run generate\`: every field with its default.
# docs/settings.md has the bounds. Leave out what you do not change.

${lines.join('\n').trimEnd()}
`
}

function example({ path, noted }: Field, indent: string): string[] {
  const { description, note = {}, properties = {} } = noted
  const isLeftOut = note.absent !== undefined && isGroup(noted)
  const absent =
    note.absent === undefined ? '' : ` ${isLeftOut ? 'Absent' : 'Empty'}: ${note.absent}.`
  const name = path.split('.').at(-1)
  const said = `${indent}# ${description}${absent}`
  // It has no default to show, so its fields are only named.
  if (isLeftOut)
    return [
      said,
      `${indent}# ${name}: { ${Object.keys(properties)
        .map((key) => `${key}: …`)
        .join(', ')} }`,
    ]
  if (!isGroup(noted)) return [said, `${indent}${name}: ${printed(note.default)}`]
  const inner = Object.entries(properties).flatMap(([key, field]) =>
    example({ path: `${path}.${key}`, noted: field }, `${indent}  `),
  )
  return [said, `${indent}${name}:`, ...inner]
}
