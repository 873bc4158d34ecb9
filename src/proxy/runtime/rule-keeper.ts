import type { Host, HostEntry, Rule } from '../../model/snapshot.ts'

/**
 * Puts the rules of the previous snapshot in the place of equal ones of the next. A snapshot that came over a wire
 * is made of new objects; what is counted per rule (requests in flight, retries) must not begin anew because
 * another rule of the same host was edited (invariant 8).
 */
export class RuleKeeper {
  readonly #previous: () => readonly Host[]
  #known: Map<string, Rule> | undefined

  constructor(previous: () => readonly Host[]) {
    this.#previous = previous
  }

  /** The same host where there is nothing to put in place. */
  keep(host: Host): Host {
    const entries = host.entries.map((entry) => this.#entry(entry))
    const isSame = entries.every((entry, i) => entry === host.entries[i])
    return isSame ? host : Object.freeze({ ...host, entries: Object.freeze(entries) })
  }

  #entry(entry: HostEntry): HostEntry {
    const rule = this.#rule(entry.rule)
    return rule === entry.rule ? entry : Object.freeze({ ...entry, rule })
  }

  /** A rule that several hosts lead to is one object for all of them. */
  #rule(rule: Rule): Rule {
    this.#known ??= new Map(
      this.#previous().flatMap(({ entries }) =>
        entries.map((entry) => [entry.rule.id, entry.rule] as const),
      ),
    )
    const known = this.#known.get(rule.id)
    if (known !== undefined && isEqual(known, rule)) return known
    this.#known.set(rule.id, rule)
    return rule
  }
}

/** Of plain data, which JSON can hold. An absent field is not the same as one that is undefined. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length || Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [a, b] as Readonly<Record<string, unknown>>[]
  return keys.every((key) => Object.hasOwn(b, key) && isEqual(left?.[key], right?.[key]))
}
