import type { ApiRouteObject } from './objects.ts'
import { mostRegexCost, regexCost } from './regex-cost.ts'
import type { BrokenRule, RuleSpec } from './specs.ts'

/** Hostnames times matches of one object: what its lists allow at most would be a million, and take minutes. */
const mostEntries = 8192
/** A hostile path of 8 KiB is through with all regexes of one object in a third of a second (hostile-inputs C1). */
const mostSteps = 2048

/** An object that comes to more than that holds its hostnames and serves nothing (hostile-inputs C10). */
export function bounded(object: ApiRouteObject): ApiRouteObject {
  const fault = sizeFault(object.spec)
  if (fault === undefined) return object
  return {
    ...object,
    spec: { ...object.spec, rules: [] },
    problems: [...object.problems, { reason: 'Invalid', path: 'spec.rules', message: fault }],
  }
}

function sizeFault({ hostnames, rules }: ApiRouteObject['spec']): string | undefined {
  const matches = rules.reduce((sum, rule) => sum + Math.max(1, rule.matches?.length ?? 1), 0)
  const entries = hostnames.length * matches
  if (entries > mostEntries)
    return `come to ${entries} entries, ${matches} matches on ${hostnames.length} hostnames; at most ${mostEntries} go into one object`
  const steps = rules.flatMap(regexesOf).map(regexCost).filter(isAllowed).reduce(sum, 0)
  return steps <= mostSteps
    ? undefined
    : `hold regexes of about ${steps} steps a byte together; at most ${mostSteps} go into one object: use \`pattern\` or \`prefix\`, or several objects`
}

/** One that is too large by itself is refused by itself. */
const isAllowed = (cost: number): boolean => cost <= mostRegexCost

const sum = (a: number, b: number): number => a + b

const regexesOf = ({ matches = [] }: RuleSpec | BrokenRule): readonly string[] =>
  matches.flatMap((match) => {
    const { path, headers = [], query = [] } = match ?? {}
    return [path, ...headers, ...query].flatMap((part) => part?.regex ?? [])
  })
