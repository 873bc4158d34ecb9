import { comparePaths, type PathMatch } from '../../model/match.ts'
import type { Host, HostEntry } from '../../model/snapshot.ts'
import { pathTest, type ValueTest, valueTest } from './matchers.ts'
import type { TextTest } from './regex.ts'

/** One entry with its conditions made ready. What an entry does not need is undefined. */
export interface ReadyEntry {
  /** What the router answers for it: the same object each time. */
  readonly result: { readonly kind: 'rule'; readonly entry: HostEntry }
  /** Undefined where the way through the table has shown already that the path fits. */
  readonly path: TextTest | undefined
  readonly methods: readonly string[] | undefined
  readonly headers: readonly ValueTest[] | undefined
  readonly query: readonly ValueTest[] | undefined
}

/** Entries whose paths rank alike, in order of precedence. They compete by their other conditions. */
export type Tier = readonly ReadyEntry[]

/** One literal segment deep in the tree. */
export interface TableNode {
  readonly children: ReadonlyMap<string, TableNode> | undefined
  /** Pattern, regex, prefix: as they rank at the same number of literal segments. */
  readonly tiers: readonly Tier[]
}

interface Growing {
  children: Map<string, Growing> | undefined
  tiers: readonly ReadyEntry[][]
}

/**
 * The entries of one host by their paths: exact ones in a map, the others in a tree of their literal leading
 * segments, so that the number of routes does not matter. Deeper in the tree is exactly higher precedence.
 */
export class HostTable {
  readonly host: Host
  /** Undefined when the host has none, so that no path is hashed for nothing. */
  readonly exact: ReadonlyMap<string, Tier> | undefined
  readonly root: TableNode

  constructor(host: Host) {
    const exact = new Map<string, ReadyEntry[]>()
    const root = newNode()
    const tests = new Map<string, TextTest>()
    for (const entry of host.entries) {
      const { path } = entry.match
      if (path.kind === 'exact') addTo(exact, path.value, ready(entry, undefined))
      else addBelow(root, entry, path.kind === 'prefix' ? undefined : sharedTest(tests, path))
    }
    this.host = host
    this.exact = exact.size === 0 ? undefined : exact
    this.root = root
  }
}

const newNode = (): Growing => ({ children: undefined, tiers: none })

/** A list that begins with its first member has room for one: most have no second. */
function addTo(exact: Map<string, ReadyEntry[]>, value: string, entry: ReadyEntry): void {
  const tier = exact.get(value)
  if (tier === undefined) exact.set(value, [entry])
  else tier.push(entry)
}

const none: readonly never[] = []

/** One test for all entries with the same path: the router remembers what it said last. */
function sharedTest(tests: Map<string, TextTest>, path: PathMatch): TextTest {
  const key = `${path.kind} ${path.value}`
  let test = tests.get(key)
  if (test === undefined) tests.set(key, (test = pathTest(path)))
  return test
}

/** Entries come in order of precedence, so that a node's tiers grow in that order too. */
function addBelow(root: Growing, entry: HostEntry, test: TextTest | undefined): void {
  const { path } = entry.match
  let node = root
  for (const segment of literalSegments(path)) {
    node.children ??= new Map()
    let child = node.children.get(segment)
    if (child === undefined) node.children.set(segment, (child = newNode()))
    node = child
  }
  const tier = node.tiers.at(-1)
  const first = tier?.[0]?.result.entry.match.path
  if (first !== undefined && comparePaths(first, path) === 0) tier?.push(ready(entry, test))
  else node.tiers = [...node.tiers, [ready(entry, test)]]
}

/** The literal leading segments of a path match, as the compiler counted them. */
function literalSegments(path: PathMatch): readonly string[] {
  return path.kind === 'exact' ? [] : path.value.split('/').slice(1, 1 + path.literal)
}

function ready(entry: HostEntry, path: TextTest | undefined): ReadyEntry {
  const { methods, headers, query } = entry.match
  return {
    result: Object.freeze({ kind: 'rule', entry }),
    path,
    methods: methods.length === 0 ? undefined : methods,
    headers: headers.length === 0 ? undefined : headers.map(valueTest),
    query: query.length === 0 ? undefined : query.map(valueTest),
  }
}
