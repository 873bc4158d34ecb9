import { createHash } from 'node:crypto'
import { printProblem } from '../../model/problem.ts'
import { type Decoded, decode } from '../api/decode.ts'
import type { World } from '../api/world.ts'
import { losesSomething } from './loses.ts'
import type { Document, SyntaxFault } from './parse-file.ts'
import { collect, type File, type Item, type SourceProblem, type Stock } from './stock.ts'

/** A content that could take the place of what a file holds. */
export interface Weighed extends File {
  /** Something of what the file holds would be gone. */
  readonly isLoss: boolean
}

/** What is saved of a file that is in need of repair. */
export interface SavedFile {
  readonly name: string
  readonly items: readonly Item[]
}

const nothing: File = { items: [], problems: [] }

/** The objects of all files, as they stand on the shelf: one place for what was read, whoever read it. */
export class Shelf {
  readonly #files = new Map<string, File>()
  /** Generations count the contents that were seen under one key. */
  readonly #generations = new Map<string, { digest: string; generation: number }>()
  #names: readonly string[] | undefined
  #stock: Stock | undefined

  /** @param saved what files held before they were damaged, in an earlier run */
  constructor(saved: readonly SavedFile[] = []) {
    for (const { name, items } of saved) {
      for (const { key, digest, decoded } of items)
        this.#generations.set(key, { digest, generation: decoded.object.meta.generation })
      // Another program may have decoded them: the same text is decoded again.
      this.#set(name, { items: items.map((item) => ({ ...item, digest: '' })), problems: [] })
    }
  }

  get files(): readonly string[] {
    this.#names ??= [...this.#files.keys()].sort()
    return this.#names
  }

  /** Files that are not in force as they stand, with what is in force instead. */
  get damaged(): SavedFile[] {
    return [...this.#files]
      .filter(([, { items, problems }]) => problems.length > 0 && items.length > 0)
      .map(([name, { items }]) => ({ name, items }))
  }

  isEmpty(file: string): boolean {
    return this.#file(file).items.length === 0
  }

  /** What the documents of a file come to, compared with what it holds. */
  weigh(file: string, documents: readonly Document[]): Weighed {
    const before = new Map(this.#file(file).items.map((item) => [item.key, item]))
    const items = new Map<string, Item>()
    const messages: string[] = []
    for (const { where, value } of documents) {
      const { item, faults } = this.#read(value, before)
      const name = item?.key ?? where
      messages.push(...faults.map((fault) => `${name}: ${fault}`))
      if (item === undefined) continue
      if (items.has(item.key))
        messages.push(`${where}: ${name} is in this file already; the first one is used`)
      else items.set(item.key, item)
    }
    return {
      items: [...items.values()],
      problems: messages.map((message) => ({ file, line: 0, column: 0, message })),
      isLoss: [...before].some(([key, item]) => isLost(item, items.get(key))),
    }
  }

  /** Answers, like `refuse` and `remove`, whether something may be different now. */
  put(file: string, { items, problems }: Weighed): boolean {
    const before = this.#file(file)
    this.#set(file, { items, problems })
    return (
      before.problems.length + problems.length > 0 ||
      before.items.length !== items.length ||
      items.some((item, at) => item !== before.items[at])
    )
  }

  /** A content that takes something away and is not believed yet: it may be in another file by now. */
  doubt(file: string, { items }: Pick<File, 'items'>): void {
    const before = this.#files.get(file)
    if (before === undefined) return
    const staying = new Set(items.map(({ key }) => key))
    const leaving = before.items.map(({ key }) => key).filter((key) => !staying.has(key))
    this.#set(file, { ...before, leaving: new Set(leaving) })
  }

  /** A file that cannot be read or parsed: what it held before stays in force. */
  refuse(file: string, fault: SyntaxFault): boolean {
    this.#set(file, { items: this.#file(file).items, problems: [{ file, ...fault }] })
    return true
  }

  remove(file: string): boolean {
    this.#names = undefined
    this.#stock = undefined
    return this.#files.delete(file)
  }

  /** All objects by kind; of two with one key the one in the first file by name. Without last good objects. */
  get world(): World {
    return this.#collect().world
  }

  /** Every problem with a file or a document, the second of two objects with one key included. */
  get problems(): readonly SourceProblem[] {
    return this.#collect().problems
  }

  #file(file: string): File {
    return this.#files.get(file) ?? nothing
  }

  #set(file: string, content: File): void {
    if (!this.#files.has(file)) this.#names = undefined
    this.#stock = undefined
    this.#files.set(file, content)
  }

  /** An object that is no object any more stays what it was before; ours hold their place by themselves. */
  #read(
    value: unknown,
    before: ReadonlyMap<string, Item>,
  ): { item: Item | undefined; faults: readonly string[] } {
    const decoded = decode(value)
    if (decoded.kind === 'none') {
      const item = before.get(claimedKey(value))
      const kept = item === undefined ? '' : '; what it was before stays in force'
      return { item, faults: decoded.problems.map((problem) => printProblem(problem) + kept) }
    }
    const digest = createHash('sha1').update(JSON.stringify(value)).digest('base64')
    const { meta } = decoded.object
    const key = keyOf(decoded.kind, meta.namespace, meta.name)
    const known = before.get(key)
    // The same object stays the same: compile remembers by it.
    if (known?.digest === digest) return { item: known, faults: [] }
    const generation = this.#generation(key, digest, meta.generation)
    const uid = meta.uid === '' ? createHash('sha1').update(key).digest('hex') : meta.uid
    const object = Object.freeze({
      ...decoded.object,
      meta: Object.freeze({ ...meta, uid, generation }),
    })
    return { item: { key, digest, decoded: { ...decoded, object } as Decoded }, faults: [] }
  }

  #generation(key: string, digest: string, given: number): number {
    const known = this.#generations.get(key)
    const generation =
      known === undefined
        ? given
        : known.digest === digest
          ? known.generation
          : known.generation + 1
    this.#generations.set(key, { digest, generation })
    return generation
  }

  #collect(): Stock {
    this.#stock ??= collect(this.files.map((name) => [name, this.#file(name)]))
    return this.#stock
  }
}

/** Joined: a template would keep its parts beside the whole. */
const keyOf = (kind: string, namespace: string, name: string) =>
  [kind, ' ', namespace, '/', name].join('')

/** The key that a document would have if it could be decoded. */
function claimedKey(value: unknown): string {
  const { kind, metadata } = (value ?? {}) as { kind?: unknown; metadata?: unknown }
  const { namespace, name } = (metadata ?? {}) as { namespace?: unknown; name?: unknown }
  if (typeof kind !== 'string' || typeof name !== 'string') return ''
  if (kind === 'Namespace') return keyOf(kind, '', name)
  return keyOf(kind, typeof namespace === 'string' ? namespace : 'default', name)
}

/** What a broken version does not say any more is lost, too: it may be half of a good one. */
function isLost({ decoded: before }: Item, after: Item | undefined): boolean {
  if (after === undefined) return true
  const { meta: _, problems: __, ...then } = { problems: [], ...before.object }
  return losesSomething(then, after.decoded.object)
}
