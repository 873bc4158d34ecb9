import type { Host, HostEntry, Rule } from '../../model/snapshot.ts'

/**
 * Puts the rules of the previous snapshot in the place of equal ones of the next. A snapshot that came over a wire
 * is made of new objects; what is counted per rule (requests in flight, retries) must not begin anew because
 * another rule of the same host was edited (invariant 8).
 */
export class RuleKeeper {
  /** By id: the rules in force, and how many entries lead to each. */
  readonly #rules = new Map<string, { readonly rule: Rule; entries: number }>()

  /** The hosts with rules in force where they are equal; the same host where there is nothing to put in place. */
  keep(hosts: readonly Host[]): readonly Host[] {
    // A rule that several hosts lead to is one object for all of them.
    const settled = new Map<string, Rule>()
    return hosts.map((host) => {
      const entries = host.entries.map((entry) => this.#entry(entry, settled))
      const isSame = entries.every((entry, i) => entry === host.entries[i])
      return isSame ? host : Object.freeze({ ...host, entries: Object.freeze(entries) })
    })
  }

  #entry(entry: HostEntry, settled: Map<string, Rule>): HostEntry {
    const { rule } = entry
    const known = settled.get(rule.id) ?? this.#rules.get(rule.id)?.rule
    const kept = known !== undefined && isEqual(known, rule) ? known : rule
    settled.set(rule.id, kept)
    return kept === rule ? entry : Object.freeze({ ...entry, rule: kept })
  }

  /** Hosts that were kept are in force in the place of others. */
  move({ gone, come }: { readonly gone: readonly Host[]; readonly come: readonly Host[] }): void {
    for (const { entries } of gone) for (const { rule } of entries) this.#leave(rule)
    for (const { entries } of come) for (const { rule } of entries) this.#join(rule)
  }

  #leave({ id }: Rule): void {
    const use = this.#rules.get(id)
    if (use !== undefined && --use.entries === 0) this.#rules.delete(id)
  }

  #join(rule: Rule): void {
    const use = this.#rules.get(rule.id)
    if (use?.rule === rule) use.entries++
    else this.#rules.set(rule.id, { rule, entries: (use?.entries ?? 0) + 1 })
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
