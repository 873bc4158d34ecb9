import type { Secret } from './api/objects.ts'
import type { World } from './api/world.ts'
import { pairOf } from './compile/pair.ts'

interface Good {
  readonly secret: Secret
  readonly expiresWallMs: number
}

/**
 * Remembers the last certificate that each Secret held and that could be served, and puts it into the World while what the Secret
 * holds now is worse: broken, or expired when the one before is not (hostile-inputs T6). A Secret that is gone is forgotten. It is
 * remembered as long as this process lives: private keys are written nowhere.
 */
export class LastGoodPairs {
  readonly #wallMs: () => number
  readonly #good = new Map<string, Good>()

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
    for (const key of this.#good.keys()) if (!present.has(key)) this.#good.delete(key)
    return better.length === 0 ? world : { ...world, lastGoodSecrets: better }
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
    if (now !== undefined) this.#good.set(key, now)
    return undefined
  }

  #isExpired({ expiresWallMs }: Good): boolean {
    return expiresWallMs <= this.#wallMs()
  }
}

const tlsType = 'kubernetes.io/tls'

const keyOf = ({ meta }: Secret): string => `${meta.namespace}/${meta.name}`

const expiries = new WeakMap<Secret, number>()

function goodOf(secret: Secret): Good | undefined {
  const result = pairOf(secret)
  if ('fault' in result) return undefined
  const expiresWallMs = expiries.get(secret) ?? Date.parse(result.pair.leaf.validTo)
  expiries.set(secret, expiresWallMs)
  return { secret, expiresWallMs }
}
