import type { Checks } from './checks.ts'
import type { CompileOptions } from './compile.ts'
import type { Sharing } from './sharing.ts'

/** What the drafting of one object carries along: the platform's rules, the faults found, the values shared. */
export interface Drafting {
  readonly options: CompileOptions
  readonly checks: Checks
  readonly sharing: Sharing
}

/** For a value that a rule takes from the route's `defaults`: what is wrong with it says where it comes from. */
export const ofDefaults = (drafting: Drafting, field: string): Drafting => ({
  ...drafting,
  checks: drafting.checks.adding(`; it comes from spec.defaults.${field}`),
})
