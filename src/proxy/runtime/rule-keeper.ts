import type { Host, HostEntry, Rule } from '../../model/snapshot.ts'

/**
 * Puts the rules of the previous snapshot in the place of equal ones of the next. A snapshot that came over a wire
 * is made of new objects; what is counted per rule (requests in flight, retries) must not begin anew because
 * another rule of the same host was edited (invariant 8).
 */
export class RuleKeeper {
  readonly #previous: () => readonly Host[]
  /** What became of the rules so far, by id. */
  readonly #settled = new Map<string, Rule>()
  #all: ReadonlyMap<string, Rule> | undefined
  #searches = 0

  /** @param previous all hosts there were; asked for only when a rule is not where it was */
  constructor(previous: () => readonly Host[]) {
    this.#previous = previous
  }

  /** The same host where there is nothing to put in place. @param before the host as it was */
  keep(host: Host, before: Host | undefined): Host {
    const own = byId(before === undefined ? [] : [before])
    const entries = host.entries.map((entry) => this.#entry(entry, own))
    const isSame = entries.every((entry, i) => entry === host.entries[i])
    return isSame ? host : Object.freeze({ ...host, entries: Object.freeze(entries) })
  }

  #entry(entry: HostEntry, own: ReadonlyMap<string, Rule>): HostEntry {
    const rule = this.#rule(entry.rule, own)
    return rule === entry.rule ? entry : Object.freeze({ ...entry, rule })
  }

  /** A rule that several hosts lead to is one object for all of them. */
  #rule(rule: Rule, own: ReadonlyMap<string, Rule>): Rule {
    const known = this.#settled.get(rule.id) ?? own.get(rule.id) ?? this.#anywhere(rule.id)
    const settled = known !== undefined && isEqual(known, rule) ? known : rule
    this.#settled.set(rule.id, settled)
    return settled
  }

  /** One edit looks through all hosts for its few rules, which costs less than to put them in order; a great change does not. */
  #anywhere(id: string): Rule | undefined {
    if (this.#all === undefined && this.#searches < mostSearches) {
      this.#searches++
      return ruleIn(this.#previous(), id)
    }
    this.#all ??= byId(this.#previous())
    return this.#all.get(id)
  }
}

const mostSearches = 8

function ruleIn(hosts: readonly Host[], id: string): Rule | undefined {
  for (const { entries } of hosts) for (const { rule } of entries) if (rule.id === id) return rule
  return undefined
}

const byId = (hosts: readonly Host[]): ReadonlyMap<string, Rule> =>
  new Map(hosts.flatMap(({ entries }) => entries.map(({ rule }) => [rule.id, rule] as const)))

/** Of plain data, which JSON can hold. An absent field is not the same as one that is undefined. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length || Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [a, b] as Readonly<Record<string, unknown>>[]
  return keys.every((key) => Object.hasOwn(b, key) && isEqual(left?.[key], right?.[key]))
}
