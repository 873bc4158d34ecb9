import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml'

interface Value {
  readonly path: string
  readonly standard: string
  readonly what: string
}

/** `docs/values.md`: every value of the chart, from the comments that stand beside it. @param root of the repository */
export function valuesPage(root: string): string {
  const { contents } = parseDocument(readFileSync(join(root, 'helm/fairlead/values.yaml'), 'utf8'))
  if (!isMap(contents)) throw new Error('values.yaml is not a map')
  const rows = valuesOf(contents, '').map(
    ({ path, standard, what }) => `| \`${path}\` | ${standard} | ${what} |`,
  )
  return `<!-- Generated from helm/fairlead/values.yaml by \`npm run generate\`. -->
# Values of the chart
\`helm/fairlead/values.schema.json\` refuses what is misspelt. ${'`settings`'} are in [settings.md](settings.md).

| value | default | |
|---|---|---|
${rows.join('\n')}
`
}

function valuesOf(map: YAMLMap, prefix: string): Value[] {
  return map.items.flatMap((pair, at) => {
    const name = isScalar(pair.key) ? String(pair.key.value) : ''
    const path = prefix === '' ? name : `${prefix}.${name}`
    const what = commentOf(map, pair, at)
    const isGroup = isMap(pair.value) && pair.value.items.length > 0 && name !== 'resources'
    if (isGroup && what === undefined) return valuesOf(pair.value as YAMLMap, path)
    return [{ path, standard: printed(pair), what: what ?? standardWords[name] ?? '' }]
  })
}

/** Said of every Pod alike in Kubernetes. */
const standardWords: Readonly<Record<string, string>> = {
  pullPolicy: 'When the image is pulled.',
  resources: 'Requests and limits of the container.',
  nodeSelector: 'Nodes that the Pods may run on.',
  tolerations: 'Taints that the Pods tolerate.',
  affinity: 'Affinity of the Pods.',
  annotations: 'Annotations of the Service.',
  type: 'Type of the Service.',
  interval: 'How often Prometheus scrapes.',
  labels: 'Labels that the Prometheus operator selects by.',
  enabled: 'Whether there is one.',
  minReplicas: 'Fewest proxies.',
  maxReplicas: 'Most proxies.',
  targetCPUUtilizationPercentage: 'More are started above this.',
}

/** The lines that begin with `# --` above a value; yaml gives those of the first one to the map. */
function commentOf(map: YAMLMap, pair: Pair, at: number): string | undefined {
  const key = isScalar(pair.key) ? pair.key : undefined
  const text = at === 0 ? (map.commentBefore ?? key?.commentBefore) : key?.commentBefore
  const from = text?.lastIndexOf(' -- ') ?? -1
  return from < 0
    ? undefined
    : text
        ?.slice(from + 4)
        .replace(/\s*\n\s*/g, ' ')
        .replaceAll('|', '\\|')
        .trim()
}

const printed = ({ value }: Pair): string => {
  const json = JSON.stringify((value as { toJSON(): unknown }).toJSON())
  return `\`${json.length > 80 ? 'see values.yaml' : json}\``
}
