import type { Problem, Reason } from '../../model/problem.ts'

/** Collects the faults of one object while it is drafted. A fault in a part costs that part, so checking goes on. */
export class Checks {
  readonly problems: Problem[]
  #end = ''

  constructor(problems: Problem[] = []) {
    this.problems = problems
  }

  /** @param where `spec.rules[0].backends[1]`; @param message says what is wrong and what would be right */
  refuse(where: string, message: string, reason: Reason = 'Invalid'): undefined {
    this.problems.push({ reason, path: where, message: message + this.#end })
    return undefined
  }

  /** Checks of the same object whose messages end so. */
  adding(end: string): Checks {
    const more = new Checks(this.problems)
    more.#end = `${this.#end}${end}`
    return more
  }

  /** Whether `work` found nothing to refuse. */
  isClean(work: () => void): boolean {
    const before = this.problems.length
    work()
    return this.problems.length === before
  }
}
