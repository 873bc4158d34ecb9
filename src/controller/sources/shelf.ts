import { createHash } from 'node:crypto'
import { type Problem, printProblem } from '../../model/problem.ts'
import { type Decoded, decode } from '../api/decode.ts'
import type { World } from '../api/world.ts'
import type { SyntaxFault } from './parse-file.ts'

/** What is wrong with a file, or with an object in it that is no object of ours. */
export interface SourceProblem {
  readonly file: string
  /** 0 when the problem is not at one place. */
  readonly line: number
  readonly column: number
  readonly message: string
}

interface Item {
  readonly key: string
  readonly digest: string
  readonly decoded: Decoded
}

interface File {
  readonly items: readonly Item[]
  readonly problems: readonly SourceProblem[]
}

const nothing: File = { items: [], problems: [] }

/** The objects of all files, as they stand on the shelf: one place for what was read, whoever read it. */
export class Shelf {
  readonly #files = new Map<string, File>()
  /** Generations count the contents that were seen under one name. */
  readonly #generations = new Map<string, { digest: string; generation: number }>()

  /** The documents of a file that could be parsed. Always true: something may have changed. */
  put(file: string, documents: readonly unknown[]): boolean {
    const before = new Map((this.#files.get(file) ?? nothing).items.map((item) => [item.key, item]))
    const items: Item[] = []
    const problems: SourceProblem[] = []
    documents.forEach((document, i) => {
      const item = this.#item(document, before)
      if ('key' in item) items.push(item)
      else
        for (const problem of item)
          problems.push({
            file,
            line: 0,
            column: 0,
            message: `document ${i + 1}: ${printProblem(problem)}`,
          })
    })
    this.#files.set(file, { items, problems })
    return true
  }

  /** A file that cannot be parsed: what it held before stays in force. */
  refuse(file: string, fault: SyntaxFault): boolean {
    const { items } = this.#files.get(file) ?? nothing
    this.#files.set(file, { items, problems: [{ file, ...fault }] })
    return true
  }

  remove(file: string): void {
    this.#files.delete(file)
  }

  #item(document: unknown, before: ReadonlyMap<string, Item>): Item | readonly Problem[] {
    const decoded = decode(document)
    if (decoded.kind === 'none') return decoded.problems
    const digest = createHash('sha1').update(JSON.stringify(document)).digest('base64')
    const { meta } = decoded.object
    const key = `${decoded.kind} ${meta.namespace}/${meta.name}`
    const known = before.get(key)
    // The same object stays the same: compile remembers by it.
    if (known?.digest === digest) return known
    const generation = this.#generation(key, digest, meta.generation)
    const uid = meta.uid === '' ? createHash('sha1').update(key).digest('hex') : meta.uid
    const object = Object.freeze({
      ...decoded.object,
      meta: Object.freeze({ ...meta, uid, generation }),
    })
    return { key, digest, decoded: { ...decoded, object } as Decoded }
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

  /** Every problem with a file or a document, the second of two objects of one name included. */
  problems(): SourceProblem[] {
    const problems = this.#sorted().flatMap(([, file]) => file.problems)
    const owners = new Map<string, string>()
    for (const [name, { items }] of this.#sorted()) {
      for (const { key } of items) {
        const owner = owners.get(key)
        if (owner === undefined) owners.set(key, name)
        else
          problems.push({
            file: name,
            line: 0,
            column: 0,
            message: `${key} is in ${owner} already; that one is used`,
          })
      }
    }
    return problems
  }

  /** All objects by kind; of two with one name the first by file name. Without last good objects. */
  world(): World {
    const seen = new Set<string>()
    const byKind: { [Kind in Decoded['kind']]: Extract<Decoded, { kind: Kind }>['object'][] } = {
      ApiRoute: [],
      ApiAuthorizer: [],
      Service: [],
      EndpointSlice: [],
      Secret: [],
      ConfigMap: [],
      Namespace: [],
      ReferenceGrant: [],
    }
    for (const [, { items }] of this.#sorted()) {
      for (const { key, decoded } of items) {
        if (seen.has(key)) continue
        seen.add(key)
        ;(byKind[decoded.kind] as unknown[]).push(decoded.object)
      }
    }
    return {
      routes: byKind.ApiRoute,
      authorizers: byKind.ApiAuthorizer,
      services: byKind.Service,
      endpointSlices: byKind.EndpointSlice,
      secrets: byKind.Secret,
      configMaps: byKind.ConfigMap,
      namespaces: byKind.Namespace,
      referenceGrants: byKind.ReferenceGrant,
      lastGoodRoutes: [],
      lastGoodAuthorizers: [],
    }
  }

  #sorted(): [string, File][] {
    return [...this.#files].sort(([a], [b]) => (a < b ? -1 : 1))
  }
}
