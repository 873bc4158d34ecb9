import type { ObjectStatus } from '../model/problem.ts'
import type { World } from './api/world.ts'
import { diff } from './compile/delta.ts'
import type { OurObject } from './state-file.ts'

interface Compiled {
  readonly statuses: readonly ObjectStatus[]
}

/**
 * Remembers the last good version of every object, and puts it into the World while the current one is broken
 * (invariant 2). It is forgotten when the object is gone.
 */
export class LastGood {
  /** By uid: each object when it was last accepted. */
  readonly #good = new Map<string, OurObject>()
  /** All objects of the last time, when all were good. */
  #known: readonly OurObject[] = []
  readonly #refusals = new Refusals()
  /** Versions that stand in for a broken one since the last `settle`. */
  inUse: readonly OurObject[] = []

  constructor(saved: readonly OurObject[]) {
    for (const object of saved) this.#good.set(object.meta.uid, object)
  }

  /** Compiles, and once more with last good versions where objects turn out to be broken. */
  settle<Result extends Compiled>(world: World, compile: (world: World) => Result): Result {
    const objects = [...world.routes, ...world.authorizers]
    this.#use(this.#refusals.faulty(objects))
    let result = compile(this.#complete(world))
    const broken = this.#refusals.broken(objects, result.statuses)
    if (broken.length > this.inUse.length) {
      this.#use(broken)
      result = compile(this.#complete(world))
    }
    this.#remember(objects, new Set(broken))
    return result
  }

  #use(broken: readonly OurObject[]): void {
    this.inUse = broken.flatMap(({ meta }) => this.#good.get(meta.uid) ?? [])
  }

  #complete(world: World): World {
    return {
      ...world,
      lastGoodRoutes: this.inUse.filter((object) => object.kind === 'ApiRoute'),
      lastGoodAuthorizers: this.inUse.filter((object) => object.kind === 'ApiAuthorizer'),
    }
  }

  /** What stands where it stood, and was good, is known already: one edit in many costs a glance at each. */
  #remember(objects: readonly OurObject[], broken: ReadonlySet<OurObject>): void {
    const known = this.#known
    for (let at = 0; at < objects.length; at++) {
      const object = objects[at] as OurObject
      if (!broken.has(object) && object !== known[at]) this.#good.set(object.meta.uid, object)
    }
    this.#known = broken.size === 0 ? objects : []
    // Most of the time none is gone, and the set is not worth building.
    if (this.#good.size <= objects.length - broken.size) return
    const present = new Set(objects.map(({ meta }) => meta.uid))
    for (const uid of this.#good.keys()) if (!present.has(uid)) this.#good.delete(uid)
  }
}

/** What is broken, kept up to date: one edit in many costs a glance at each. */
class Refusals {
  #objects: readonly OurObject[] = []
  #faulty = 0
  #statuses: readonly ObjectStatus[] = []
  readonly #refused = new Set<string>()

  /** Objects that could not be read as they should be, in the order of all. */
  faulty(objects: readonly OurObject[]): OurObject[] {
    const { gone, come } = diff(this.#objects, objects)
    this.#objects = objects
    this.#faulty += come.filter(isFaulty).length - gone.filter(isFaulty).length
    return this.#faulty === 0 ? [] : objects.filter(isFaulty)
  }

  /** Objects that were not accepted. A conflict with another object is not a fault of their own. */
  broken(objects: readonly OurObject[], statuses: readonly ObjectStatus[]): OurObject[] {
    const { gone, come } = diff(this.#statuses, statuses)
    this.#statuses = statuses
    for (const { uid } of gone) this.#refused.delete(uid)
    for (const { uid } of come.filter(isRefused)) this.#refused.add(uid)
    if (this.#refused.size === 0) return this.faulty(objects)
    return objects.filter((object) => isFaulty(object) || this.#refused.has(object.meta.uid))
  }
}

const isFaulty = ({ problems }: OurObject): boolean => problems.length > 0

const isRefused = ({ conditions }: ObjectStatus): boolean =>
  conditions.some(
    ({ type, status, reason }) => type === 'Accepted' && status === 'False' && reason === 'Invalid',
  )
