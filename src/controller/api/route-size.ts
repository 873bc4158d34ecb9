import type { ApiRouteObject } from './objects.ts'

/** Hostnames times matches of one object: what its lists allow at most would be a million, and take minutes. */
const mostEntries = 8192

/** An object that comes to more than that holds its hostnames and serves nothing (hostile-inputs C10). */
export function bounded(object: ApiRouteObject): ApiRouteObject {
  const { hostnames, rules } = object.spec
  const matches = rules.reduce((sum, rule) => sum + Math.max(1, rule.matches?.length ?? 1), 0)
  const entries = hostnames.length * matches
  if (entries <= mostEntries) return object
  const message = `come to ${entries} entries, ${matches} matches on ${hostnames.length} hostnames; at most ${mostEntries} go into one object`
  return {
    ...object,
    spec: { ...object.spec, rules: [] },
    problems: [...object.problems, { reason: 'Invalid', path: 'spec.rules', message }],
  }
}
