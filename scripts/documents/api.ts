import { type Resource, resources } from '../crds/definitions.ts'
import { printed } from '../crds/describe.ts'
import { type Noted, notedOf } from '../crds/noted.ts'
import { typeOf } from './api-types.ts'

/** `docs/api.md`: every field of every kind. */
export const apiPage =
  (): string => `<!-- Generated from src/controller/api by \`npm run generate\`. -->
# Resources

Two kinds, group \`fairlead.dev\`, version \`v1alpha1\`, namespaced. An **ApiRoute** says who may call, and where the calls go; an
**ApiAuthorizer** says which tokens are good. They are read from a directory; in a cluster, \`kubectl apply --server-side -f crds/\`
installs them, \`kubectl explain apiroute.spec\` prints what is below, and \`apir\` and \`apia\` are their short names.

Whole manifests that work: [examples](../examples/). What the fields do together: [resilience](resilience.md),
[authorization](authorization.md), [timeouts](timeouts.md). What a status says: [reasons](reasons.md).

- A **duration** is written \`250ms\`, \`30s\` or \`1h30m\`. \`0s\` is allowed only where it means "off".
- **Bytes** are written \`500\`, \`64Ki\` or \`10Mi\`.
- A reference without \`namespace\` stays in the namespace of its object. Any other namespace must allow it with a
  [ReferenceGrant](operating.md#grants-between-namespaces).
- Nothing is clamped or ignored: a value out of range, and a field that does not exist, are refused, and the rule they are in holds its place
  with 503. (A default gives way in one case: \`timeouts.request\` is not longer than the setting \`guardrails.maxRequest\`.)
- An object that may be left out may not be empty: without a field it says nothing.
- An API server drops misspelt fields without a word when a client does not ask for strict validation. \`kubectl\` does ask;
  [this policy](../examples/strict-fields/) makes every client ask. [Why that matters](adr/0011-fields-that-the-api-server-prunes.md).

${resources.map(kindOf).join('\n')}`

/** An object that has a table, and where it is used. */
interface Section {
  readonly title: string
  readonly object: Noted
  readonly others: string[]
}

function kindOf(resource: Resource): string {
  const { kind, description, columns } = resource
  const spec = sectionsOf(notedOf(resource.spec), kind)
  const status = sectionsOf(notedOf(resource.status), `${kind} status`)
  const names = columns.map(({ name }) => name.toUpperCase()).join(', ')
  return `## ${kind}
${description} \`kubectl get\` prints ${names}.

${printSections(spec)}
Only the controller writes the status.

${printSections(status)}`
}

/** Two objects are one section when they have the same fields, whatever is said about their places. */
const identityOf = ({ description: _, note: __, ...rest }: Noted): string => JSON.stringify(rest)

/** The tables of an object and of all objects in it. `defaults` comes last: its fields are those of a rule. */
function sectionsOf(root: Noted, title: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Section>()
  const visit = (noted: Noted, path: string): void => {
    const object = noted.items ?? noted
    const at = noted.items === undefined ? path : `${path}[]`
    if (object.type !== 'object') return
    const known = sections.get(identityOf(object))
    if (known !== undefined) return void known.others.push(at)
    sections.set(identityOf(object), { title: at, object, others: [] })
    const fields = Object.entries(object.properties ?? {})
    const ordered = [
      ...fields.filter(([name]) => name !== 'defaults'),
      ...fields.filter(([name]) => name === 'defaults'),
    ]
    for (const [name, field] of ordered)
      visit(field, at === title ? `${title} ${name}` : `${at}.${name}`)
  }
  visit(root, title)
  return sections
}

/** As GitHub makes them of headings. */
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9 _-]/g, '')
    .replaceAll(' ', '-')

function printSections(sections: ReadonlyMap<string, Section>): string {
  const link = (object: Noted): string => {
    const title = sections.get(identityOf(object))?.title ?? ''
    return `[object](#${anchorOf(title)})`
  }
  return [...sections.values()].map((section) => printSection(section, link)).join('\n')
}

function printSection({ title, object, others }: Section, link: (object: Noted) => string): string {
  const rows = Object.entries(object.properties ?? {}).map(([name, field]) =>
    rowOf(name, field, object, link),
  )
  const also = others
    .filter((other) => !/ defaults\b/.test(other))
    .map((other) => `\`${other.replace(/^\w+ /, '')}\``)
  const heading = title.includes(' ') ? [`### ${title}`] : []
  const lines = [
    ...heading,
    ...(also.length > 0 ? [`Also ${also.join(', ')}.`, ''] : []),
    ...demandsOf(object),
  ]
  return `${[...lines, '| field | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n')}
`
}

/** What is demanded of several fields. */
function demandsOf(object: Noted): readonly string[] {
  const rules = object['x-kubernetes-validations'] ?? []
  if (rules.length === 0) return []
  return [...rules.map(({ message }) => `- ${message.replace(/^must/, 'Must')}.`), '']
}

function rowOf(name: string, field: Noted, parent: Noted, link: (object: Noted) => string): string {
  const cells = [
    `\`${name}\``,
    typeOf(field, link) + unitOf(field),
    defaultOf(name, field, parent),
    field.description ?? '',
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

const unitOf = ({ note }: Noted): string => (note?.unit === undefined ? '' : ` (${note.unit})`)

function defaultOf(
  name: string,
  { note = {} }: Noted,
  { required = [], choices = [] }: Noted,
): string {
  if (required.includes(name)) return '**required**'
  if (note.absent !== undefined) return note.absent
  if ('default' in note) return `\`${printed(note.default)}\``
  return choices.some((choice) => choice.includes(name)) ? 'one of them' : ''
}
