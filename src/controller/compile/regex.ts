import { RE2JS } from 're2js'
import { mostRegexCost, regexCost } from '../api/regex-cost.ts'

/** A match costs at most this many steps a byte of the path, so 8 KiB of hostile path stay in the milliseconds. */
const largestProgram = 256

/**
 * Why a user's regex is refused, or undefined. The syntax is RE2's: no backreference, no
 * look-around, so that matching is linear whatever the input (hostile-inputs C1).
 */
export function regexFault(pattern: string): string | undefined {
  const cost = regexCost(pattern)
  if (cost > mostRegexCost) return tooLarge(`about ${cost}`)
  try {
    const size = RE2JS.compile(pattern).programSize()
    return size <= largestProgram ? undefined : tooLarge(`${size}`)
  } catch (error) {
    return `the regex is not RE2 syntax: ${reasonOf(error)}`
  }
}

const tooLarge = (steps: string): string =>
  `the regex needs ${steps} steps a byte; at most ${largestProgram} are allowed, use smaller repeat counts`

const reasonOf = (error: unknown): string =>
  error instanceof Error
    ? error.message.replace(/^error parsing regexp: /, '')
    : 'it cannot be parsed'

/** A regex without anchors at its ends, where they mean nothing: matching is always over the whole path (C2). */
export const withoutAnchors = (pattern: string): string =>
  pattern.replace(/^\^+/, '').replace(/(?<!\\)((?:\\\\)*)\$+$/, '$1')

/**
 * How many leading segments of every matching path stand in a regex without anchors as they are: it ranks the regex
 * among paths (api.md, Precedence), and the router finds it by them. When in doubt fewer, which ranks lower.
 */
export function literalSegmentsOfRegex(pattern: string): number {
  if (hasAlternative(pattern)) return 0
  const { text, rest } = literalPrefix(pattern)
  const closed = rest === '' ? text : text.slice(0, text.lastIndexOf('/') + 1)
  const segments = closed.replace(/\/$/, '').split('/').slice(1)
  return closed.startsWith('/') && !segments.includes('') ? segments.length : 0
}

/** Alternation outside of every group, where each branch has its own beginning. */
function hasAlternative(body: string): boolean {
  if (body.includes('\\Q')) return true
  let depth = 0
  for (const char of body.replace(/\\./gs, '').replace(/\[\^?\]?[^\]]*\]/g, '')) {
    if (char === '(') depth++
    if (char === ')') depth--
    if (char === '|' && depth <= 0) return true
  }
  return false
}

const literalToken = /^[A-Za-z0-9/_~!@&=:;,%'-]/
const quantifier = /^[*+?{]/

/** The fixed beginning; a character under a quantifier is not part of it. */
function literalPrefix(body: string): { text: string; rest: string } {
  let text = ''
  let rest = body
  for (;;) {
    const token = literalToken.exec(rest)?.[0]
    if (token === undefined || quantifier.test(rest.slice(token.length))) return { text, rest }
    text += token
    rest = rest.slice(token.length)
  }
}
