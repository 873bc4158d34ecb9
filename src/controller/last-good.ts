import fs from 'node:fs'
import path from 'node:path'
import type { Log } from '../base/log.ts'
import type { ObjectStatus } from '../model/problem.ts'
import type { ApiAuthorizerObject, ApiRouteObject } from './api/objects.ts'
import type { World } from './api/world.ts'

type OurObject = ApiRouteObject | ApiAuthorizerObject

interface Compiled {
  readonly statuses: readonly ObjectStatus[]
}

const fileName = 'last-good.json'
const format = 1

/**
 * Remembers the last good version of every object, and puts it into the World while the current one is broken
 * (invariant 2). With a state folder it is saved before anything is published, and forgotten when the object is good or gone.
 */
export class LastGood {
  readonly #file: string | undefined
  readonly #log: Log
  /** By uid: each object when it was last accepted. */
  readonly #good = new Map<string, OurObject>()
  #saved = ''

  constructor(folder: string | undefined, log: Log) {
    this.#file = folder === undefined ? undefined : path.join(folder, fileName)
    this.#log = log
    for (const object of this.#load()) this.#good.set(object.meta.uid, object)
  }

  /** Compiles, and once more with last good versions where objects turn out to be broken. */
  settle<Result extends Compiled>(world: World, compile: (world: World) => Result): Result {
    const objects = [...world.routes, ...world.authorizers]
    const present = new Set(objects.map(({ meta }) => meta.uid))
    for (const uid of this.#good.keys()) if (!present.has(uid)) this.#good.delete(uid)
    let complete = this.#complete(
      world,
      objects.filter(({ problems }) => problems.length > 0),
    )
    let result = compile(complete)
    const broken = brokenOf(objects, result.statuses)
    if (broken.length > complete.lastGoodRoutes.length + complete.lastGoodAuthorizers.length) {
      complete = this.#complete(world, broken)
      result = compile(complete)
    }
    const brokenUids = new Set(broken.map(({ meta }) => meta.uid))
    for (const object of objects)
      if (!brokenUids.has(object.meta.uid)) this.#good.set(object.meta.uid, object)
    this.#save([...complete.lastGoodRoutes, ...complete.lastGoodAuthorizers])
    return result
  }

  #complete(world: World, broken: readonly OurObject[]): World {
    const good = broken.flatMap(({ meta }) => this.#good.get(meta.uid) ?? [])
    return {
      ...world,
      lastGoodRoutes: good.filter((object) => object.kind === 'ApiRoute'),
      lastGoodAuthorizers: good.filter((object) => object.kind === 'ApiAuthorizer'),
    }
  }

  #load(): OurObject[] {
    if (this.#file === undefined) return []
    try {
      const saved = JSON.parse(fs.readFileSync(this.#file, 'utf8')) as {
        format?: unknown
        objects?: unknown
      }
      if (saved.format === format && Array.isArray(saved.objects))
        return saved.objects as OurObject[]
      this.#log.warn('the last good objects are of another version and not used', {
        file: this.#file,
      })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.warn('the last good objects cannot be read', { file: this.#file, error })
    }
    return []
  }

  /** Whole or not at all: a new file takes the place of the old one. */
  #save(objects: readonly OurObject[]): void {
    if (this.#file === undefined) return
    const text = JSON.stringify({ format, objects })
    if (
      text === this.#saved ||
      (this.#saved === '' && objects.length === 0 && !fs.existsSync(this.#file))
    )
      return
    try {
      fs.mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 })
      fs.writeFileSync(`${this.#file}.new`, text, { mode: 0o600, flush: true })
      fs.renameSync(`${this.#file}.new`, this.#file)
      this.#saved = text
    } catch (error) {
      this.#log.error('the last good objects cannot be saved: a restart would not know them', {
        file: this.#file,
        error,
      })
    }
  }
}

/** Objects that were not accepted. A conflict with another object is not a fault of their own. */
function brokenOf(objects: readonly OurObject[], statuses: readonly ObjectStatus[]): OurObject[] {
  const refused = new Set(
    statuses
      .filter(({ conditions }) =>
        conditions.some(
          ({ type, status, reason }) =>
            type === 'Accepted' && status === 'False' && reason === 'Invalid',
        ),
      )
      .map(({ uid }) => uid),
  )
  return objects.filter(({ meta, problems }) => problems.length > 0 || refused.has(meta.uid))
}
