import { createHash } from 'node:crypto'
import { printProblem } from '../../model/problem.ts'
import { type Decoded, decode } from '../api/decode.ts'
import type { RawObject, ReflectorStore, Resource } from './reflector.ts'

/** A condition that stands on an object now. */
export interface WrittenCondition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly observedGeneration: number
  readonly lastTransitionTime: string
}

/**
 * The objects of one kind, decoded. One that is written again without a change that compile could see (its status, its
 * managed fields) stays the same object, and nobody is told.
 */
export class ObjectStore implements ReflectorStore {
  readonly #resource: Pick<Resource, 'kind' | 'apiVersion'>
  readonly #changed: () => void
  readonly #unreadable: (name: string, problem: string) => void
  readonly #noted: (uid: string) => void
  readonly #objects = new Map<string, Decoded['object']>()
  /** Of what compile may look at. */
  readonly #digests = new Map<string, string>()
  /** By uid; only of kinds that have conditions of ours. */
  readonly #conditions = new Map<string, readonly WrittenCondition[]>()
  #list: readonly Decoded['object'][] | undefined

  constructor(
    resource: Pick<Resource, 'kind' | 'apiVersion'>,
    changed: () => void,
    unreadable: (name: string, problem: string) => void,
    noted: (uid: string) => void = () => {},
  ) {
    this.#resource = resource
    this.#changed = changed
    this.#unreadable = unreadable
    this.#noted = noted
  }

  get size(): number {
    return this.#objects.size
  }

  /** The same list until something changes. */
  get list(): readonly Decoded['object'][] {
    this.#list ??= [...this.#objects.values()]
    return this.#list
  }

  /** What stands in the status of an object, whoever wrote it. */
  conditionsOf(uid: string): readonly WrittenCondition[] {
    return this.#conditions.get(uid) ?? []
  }

  replace(objects: readonly RawObject[]): void {
    const wanted = new Set(objects.map(keyOf))
    const uids = new Set(objects.map(uidOf))
    for (const uid of this.#conditions.keys()) if (!uids.has(uid)) this.#conditions.delete(uid)
    let isChanged = false
    for (const key of this.#objects.keys())
      if (!wanted.has(key) && this.#drop(key)) isChanged = true
    for (const object of objects) if (this.#take(object)) isChanged = true
    if (isChanged) this.#touch()
  }

  put(object: RawObject): void {
    if (this.#take(object)) this.#touch()
  }

  remove(object: RawObject): void {
    this.#conditions.delete(uidOf(object))
    if (this.#drop(keyOf(object))) this.#touch()
  }

  #drop(key: string): boolean {
    this.#digests.delete(key)
    return this.#objects.delete(key)
  }

  #touch(): void {
    this.#list = undefined
    this.#changed()
  }

  #note(object: RawObject): void {
    const { conditions } =
      (object as { readonly status?: { readonly conditions?: unknown } }).status ?? {}
    if (!Array.isArray(conditions)) return
    this.#conditions.set(uidOf(object), conditions as readonly WrittenCondition[])
    this.#noted(uidOf(object))
  }

  /** True when compile would see a difference. */
  #take(object: RawObject): boolean {
    const key = keyOf(object)
    const digest = digestOf(object)
    this.#note(object)
    if (this.#digests.get(key) === digest) return false
    const decoded = decode({ ...object, ...this.#resource })
    if (decoded.kind === 'none') {
      this.#unreadable(key, decoded.problems.map(printProblem).join('; '))
      return this.#drop(key)
    }
    this.#digests.set(key, digest)
    this.#objects.set(key, Object.freeze(decoded.object))
    return true
  }
}

const uidOf = ({ metadata }: RawObject): string => (metadata as { readonly uid?: string }).uid ?? ''

const keyOf = ({ metadata }: RawObject): string => `${metadata.namespace ?? ''}/${metadata.name}`

/** Of what compile may look at. */
function digestOf(object: RawObject): string {
  const { metadata, status: _, ...rest } = object as RawObject & { readonly status?: unknown }
  const {
    resourceVersion: _version,
    managedFields: _fields,
    ...meta
  } = metadata as Readonly<Record<string, unknown>>
  return createHash('sha1')
    .update(JSON.stringify([meta, rest]))
    .digest('base64')
}
