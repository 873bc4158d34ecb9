import { RE2JS } from 're2js'

/** Whether a text satisfies a condition. */
export type TextTest = (text: string) => boolean

/** States of a regex's automaton that are kept, in bytes; what does not fit is found anew. Its own default is 8 MiB. */
const stateBytes = 64 * 1024

/** What RE2JS has behind its interface; each is made so where it is. */
interface Inside {
  readonly re2Input?: { readonly dfa?: { stateBudget?: number; memBudget?: number } }
}

/** By their text: hosts of one object have the same ones. */
const known = new Map<string, WeakRef<TextTest>>()
const forgotten = new FinalizationRegistry<string>((pattern) => {
  if (known.get(pattern)?.deref() === undefined) known.delete(pattern)
})

/** User patterns run in linear time (C1) and in little memory, always over the whole text (C2). */
export function wholeMatch(pattern: string): TextTest {
  const before = known.get(pattern)?.deref()
  if (before !== undefined) return before
  const compiled = RE2JS.compile(pattern)
  const dfa = (compiled as unknown as Inside).re2Input?.dfa
  if (dfa !== undefined) {
    dfa.stateBudget = stateBytes
    dfa.memBudget = stateBytes
  }
  const test: TextTest = (text) => compiled.testExact(text)
  known.set(pattern, new WeakRef(test))
  forgotten.register(test, pattern)
  return test
}
