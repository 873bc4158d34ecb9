import type { Secret } from './api/objects.ts'
import type { World } from './api/world.ts'
import { isOf, namesOf, pairOf } from './compile/pair.ts'

interface Good {
  readonly secret: Secret
  readonly expiresWallMs: number
}

/**
 * Remembers the last certificate that each Secret held and that could be served, and puts it into the World while what the Secret
 * holds now is worse: broken, or expired when the one before is not (hostile-inputs T6). Those before that are of a name which the
 * present one is not of are kept beside it: a host of that name needs one. A Secret that is gone is forgotten. It is
 * remembered as long as this process lives: private keys are written nowhere.
 */
export class LastGoodPairs {
  readonly #wallMs: () => number
  readonly #good = new Map<string, Good>()
  readonly #former = new Map<string, readonly Secret[]>()

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs
  }

  complete(world: World): World {
    const present = new Set<string>()
    const better = world.secrets.flatMap((secret) => {
      if (secret.type !== tlsType && !this.#good.has(keyOf(secret))) return []
      present.add(keyOf(secret))
      return this.#judge(secret) ?? []
    })
    for (const key of this.#good.keys()) if (!present.has(key)) this.#forget(key)
    const formerSecrets = [...this.#former.values()].flat()
    if (better.length === 0 && formerSecrets.length === 0) return world
    return { ...world, lastGoodSecrets: better, formerSecrets }
  }

  /** What is better than what the Secret holds now; undefined: nothing is. */
  #judge(secret: Secret): Secret | undefined {
    const key = keyOf(secret)
    const before = this.#good.get(key)
    const now = goodOf(secret)
    const isWorse =
      before !== undefined &&
      (now === undefined || (this.#isExpired(now) && !this.#isExpired(before)))
    if (isWorse) return before.secret
    if (now !== undefined) this.#take(key, now, before)
    return undefined
  }

  #take(key: string, now: Good, before: Good | undefined): void {
    this.#good.set(key, now)
    if (before === undefined || before.secret === now.secret) return
    const former = [before.secret, ...(this.#former.get(key) ?? [])]
    const wanted = former.filter((each) => !replaces(now.secret, each)).slice(0, mostFormer)
    if (wanted.length === 0) this.#former.delete(key)
    else this.#former.set(key, wanted)
  }

  #forget(key: string): void {
    this.#good.delete(key)
    this.#former.delete(key)
  }

  #isExpired({ expiresWallMs }: Good): boolean {
    return expiresWallMs <= this.#wallMs()
  }
}

const mostFormer = 4

const tlsType = 'kubernetes.io/tls'

const keyOf = ({ meta }: Secret): string => `${meta.namespace}/${meta.name}`

/** Whether a certificate is of every name that another one is of. */
function replaces(secret: Secret, former: Secret): boolean {
  const [now, before] = [pairOf(secret), pairOf(former)]
  if ('fault' in now || 'fault' in before) return false
  return namesOf(before.pair.leaf).every((name) => isOf(now.pair, name))
}

const expiries = new WeakMap<Secret, number>()

function goodOf(secret: Secret): Good | undefined {
  const result = pairOf(secret)
  if ('fault' in result) return undefined
  const expiresWallMs = expiries.get(secret) ?? Date.parse(result.pair.leaf.validTo)
  expiries.set(secret, expiresWallMs)
  return { secret, expiresWallMs }
}
