import type { Decoded } from '../api/decode.ts'
import type { World } from '../api/world.ts'

/** What is wrong with a file, or with an object in it that is no object of ours. */
export interface SourceProblem {
  readonly file: string
  /** 0 when the problem is not at one place. */
  readonly line: number
  readonly column: number
  readonly message: string
}

/** `routes.yaml:3:7: message`. */
export function printSourceProblem({ file, line, column, message }: SourceProblem): string {
  return line === 0 ? `${file}: ${message}` : `${file}:${line}:${column}: ${message}`
}

/** An object as it stands in a file. */
export interface Item {
  /** `ApiRoute shop/orders`. */
  readonly key: string
  readonly digest: string
  readonly decoded: Decoded
}

/** What a file holds. */
export interface File {
  readonly items: readonly Item[]
  readonly problems: readonly SourceProblem[]
  /** Keys of what will be gone unless the file changes again: it gives way to the same object anywhere else. */
  readonly leaving?: ReadonlySet<string>
}

/** All files together. */
export interface Stock {
  readonly world: World
  readonly problems: readonly SourceProblem[]
}

type Shelved = { readonly [Kind in Decoded['kind']]: Extract<Decoded, { kind: Kind }>['object'][] }

/** All objects by kind; of two with one key the one in the first file. Without last good objects. */
export function collect(files: readonly (readonly [string, File])[]): Stock {
  const found: Shelved = {
    ApiRoute: [],
    ApiAuthorizer: [],
    Service: [],
    EndpointSlice: [],
    Secret: [],
    ConfigMap: [],
    Namespace: [],
    ReferenceGrant: [],
  }
  const problems = files.flatMap(([, file]) => file.problems)
  const owners = new Map<string, string>()
  const take = (file: string, { key, decoded }: Item): boolean => {
    if (owners.has(key)) return false
    owners.set(key, file)
    return (found[decoded.kind] as unknown[]).push(decoded.object) > 0
  }
  for (const [file, { items, leaving }] of files) {
    for (const item of items) {
      if (leaving?.has(item.key) || take(file, item)) continue
      const message = `${item.key} is in ${owners.get(item.key)} already; that one is used`
      problems.push({ file, line: 0, column: 0, message })
    }
  }
  for (const [file, { items, leaving }] of files)
    if (leaving !== undefined) for (const item of items) if (leaving.has(item.key)) take(file, item)
  return { world: worldOf(found), problems }
}

const worldOf = (found: Shelved): World => ({
  routes: found.ApiRoute,
  authorizers: found.ApiAuthorizer,
  services: found.Service,
  endpointSlices: found.EndpointSlice,
  secrets: found.Secret,
  configMaps: found.ConfigMap,
  namespaces: found.Namespace,
  referenceGrants: found.ReferenceGrant,
  lastGoodRoutes: [],
  lastGoodAuthorizers: [],
})
