import type { Match } from '../../model/match.ts'
import type { PathRewrite } from '../../model/snapshot.ts'
import type { PathRewriteSpec } from '../api/specs.ts'
import type { Checks } from './checks.ts'
import { draftCanonical } from './draft-match.ts'

const placeholders = /\{([^{}]*)\}/g

/** Checks a rewrite against the matches it will see, so that nothing is left to go wrong at run time. */
export function draftPathRewrite(
  spec: PathRewriteSpec,
  matches: readonly Match[],
  where: string,
  checks: Checks,
): PathRewrite | undefined {
  if (spec.replacePrefix !== undefined)
    return draftPrefix(spec.replacePrefix, matches, `${where}.replacePrefix`, checks)
  if (spec.replaceFull !== undefined)
    return draftTemplate(spec.replaceFull, matches, `${where}.replaceFull`, checks)
  return checks.refuse(where, 'one of replacePrefix or replaceFull is wanted')
}

function draftPrefix(
  value: string,
  matches: readonly Match[],
  where: string,
  checks: Checks,
): PathRewrite | undefined {
  const other = matches.find(({ path }) => path.kind !== 'prefix')
  if (other !== undefined) {
    return checks.refuse(
      where,
      `the rule also matches ${other.path.kind} "${other.path.value}", which has no prefix to replace; use replaceFull`,
    )
  }
  if (draftCanonical(value, where, checks) === undefined) return undefined
  return Object.freeze({ kind: 'prefix', value })
}

/** `{id}` must be in the pattern of every match: an absent one would silently become nothing. */
function draftTemplate(
  template: string,
  matches: readonly Match[],
  where: string,
  checks: Checks,
): PathRewrite | undefined {
  const used = [...template.matchAll(placeholders)].map(([text]) => text)
  for (const { path } of matches) {
    const absent = used.find(
      (text) => path.kind !== 'pattern' || !path.value.split('/').includes(text),
    )
    if (absent !== undefined)
      return checks.refuse(where, `${absent} is not in the ${path.kind} "${path.value}"`)
  }
  const fixed = template.replace(placeholders, '-')
  if (draftCanonical(fixed, where, checks) === undefined) return undefined
  return Object.freeze({ kind: 'full', template })
}
