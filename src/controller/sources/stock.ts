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

/** All objects by kind; of two with one key the one in the first file. Without last good objects. */
export function collect(files: readonly (readonly [string, File])[]): Stock {
  const found = new Found()
  const problems = files.flatMap(([, file]) => file.problems)
  for (const [file, { items, leaving }] of files) {
    for (const item of items) {
      if (leaving?.has(item.key) || found.add(file, item)) continue
      const message = `${item.key} is in ${found.ownerOf(item)} already; that one is used`
      problems.push({ file, line: 0, column: 0, message })
    }
  }
  for (const [file, { items, leaving }] of files)
    if (leaving !== undefined) for (const item of items) found.add(file, item)
  return { world: worldOf(found.objects), problems }
}

type Objects = { readonly [Kind in Decoded['kind']]: Extract<Decoded, { kind: Kind }>['object'][] }

class Found {
  readonly objects: Objects = {
    ApiRoute: [],
    ApiAuthorizer: [],
    Service: [],
    EndpointSlice: [],
    Secret: [],
    ConfigMap: [],
    Namespace: [],
    ReferenceGrant: [],
  }
  readonly #owners = new Map<string, string>()

  /** False when its place is taken. */
  add(file: string, { key, decoded }: Item): boolean {
    if (this.#owners.has(key)) return false
    this.#owners.set(key, file)
    ;(this.objects[decoded.kind] as unknown[]).push(decoded.object)
    return true
  }

  ownerOf({ key }: Item): string | undefined {
    return this.#owners.get(key)
  }
}

const worldOf = (found: Objects): World => ({
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
  lastGoodSecrets: [],
  formerSecrets: [],
})
