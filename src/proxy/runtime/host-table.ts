import { comparePaths, type PathMatch } from '../../model/match.ts'
import type { Host, HostEntry } from '../../model/snapshot.ts'
import type { HeaderList } from '../http1/header-list.ts'
import { headersTest, pathTest, type PathTest, queryTest } from './matchers.ts'

/** One entry with its conditions made ready. Tests that an entry does not need are undefined. */
export interface ReadyEntry {
  /** What the router answers for it: the same object each time. */
  readonly result: { readonly kind: 'rule'; readonly entry: HostEntry }
  readonly headers: ((headers: HeaderList) => boolean) | undefined
  readonly query: ((query: string) => boolean) | undefined
}

/** The entries of one path match, in order of precedence. */
export interface PathGroup {
  readonly path: PathMatch
  readonly test: PathTest
  readonly entries: readonly ReadyEntry[]
}

interface Node {
  readonly children: Map<string, Node>
  /** Groups whose literal part ends here, in order of precedence. */
  readonly groups: PathGroup[]
}

const newNode = (): Node => ({ children: new Map(), groups: [] })

/**
 * The entries of one host by their paths: exact ones in a map, the others in a tree of their literal leading
 * segments, so that the number of routes does not matter. Deeper in the tree is exactly higher precedence.
 */
export class HostTable {
  readonly host: Host
  readonly #exact = new Map<string, PathGroup>()
  readonly #root = newNode()

  constructor(host: Host) {
    this.host = host
    for (const group of grouped(host.entries)) this.#add(group)
  }

  #add(group: PathGroup): void {
    if (group.path.kind === 'exact') return void this.#exact.set(group.path.value, group)
    let node = this.#root
    for (const segment of literalSegments(group.path)) {
      let child = node.children.get(segment)
      if (child === undefined) node.children.set(segment, (child = newNode()))
      node = child
    }
    node.groups.push(group)
    node.groups.sort((a, b) => comparePaths(a.path, b.path))
  }

  /** Offers each group whose path matches, the most specific first, until `take` answers something. */
  find<T>(path: string, take: (group: PathGroup) => T | undefined): T | undefined {
    const exact = this.#exact.get(path)
    if (exact !== undefined) {
      const taken = take(exact)
      if (taken !== undefined) return taken
    }
    return findIn(this.#root, path, 1, take)
  }
}

/** Depth first: what the deepest node takes wins, then its parent's groups. */
function findIn<T>(node: Node, path: string, at: number, take: (group: PathGroup) => T | undefined): T | undefined {
  if (node.children.size > 0 && at <= path.length) {
    const slash = path.indexOf('/', at)
    const end = slash < 0 ? path.length : slash
    const child = node.children.get(path.slice(at, end))
    if (child !== undefined) {
      const taken = findIn(child, path, end + 1, take)
      if (taken !== undefined) return taken
    }
  }
  const { groups } = node
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i] as PathGroup
    if (!group.test(path)) continue
    const taken = take(group)
    if (taken !== undefined) return taken
  }
  return undefined
}

/** The literal leading segments of a path match, as the compiler counted them. */
function literalSegments(path: PathMatch): string[] {
  if (path.kind === 'exact') return []
  const text = path.kind === 'regex' ? path.value.replace(/^\^/, '') : path.value
  const segments = text.split('/').slice(1)
  return segments.slice(0, path.literal)
}

function grouped(entries: readonly HostEntry[]): PathGroup[] {
  const groups = new Map<string, { path: PathMatch; entries: ReadyEntry[] }>()
  for (const entry of entries) {
    const key = `${entry.match.path.kind} ${entry.match.path.value}`
    let group = groups.get(key)
    if (group === undefined) groups.set(key, (group = { path: entry.match.path, entries: [] }))
    group.entries.push(ready(entry))
  }
  return [...groups.values()].map(({ path, entries }) => ({ path, entries, test: pathTest(path) }))
}

const ready = (entry: HostEntry): ReadyEntry => ({
  result: { kind: 'rule', entry },
  headers: entry.match.headers.length === 0 ? undefined : headersTest(entry.match.headers),
  query: entry.match.query.length === 0 ? undefined : queryTest(entry.match.query),
})
