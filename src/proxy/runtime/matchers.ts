import { RE2JS } from 're2js'
import type { PathMatch, ValueMatch } from '../../model/match.ts'
import type { HeaderList } from '../http1/header-list.ts'

/** Whether a whole canonical path satisfies a match. */
export type PathTest = (path: string) => boolean

/** User patterns run in linear time (C1), always over the whole text (C2). */
function wholeMatch(pattern: string): (text: string) => boolean {
  const compiled = RE2JS.compile(pattern)
  return (text) => compiled.matches(text)
}

export function pathTest(match: PathMatch): PathTest {
  switch (match.kind) {
    case 'exact':
      return (path) => path === match.value
    case 'prefix':
      return prefixTest(match.value)
    case 'pattern':
      return patternTest(match.value.split('/'))
    case 'regex':
      return wholeMatch(match.value)
  }
}

/** Whole segments: `/orders` holds `/orders` and `/orders/1`, never `/ordersx`; `/` holds everything. */
function prefixTest(value: string): PathTest {
  const prefix = value.endsWith('/') ? value.slice(0, -1) : value
  return (path) => path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 47)
}

/** `{name}` is one segment that is not empty. */
function patternTest(segments: readonly string[]): PathTest {
  const isVariable = segments.map((segment) => segment.startsWith('{'))
  return (path) => {
    const parts = path.split('/')
    return parts.length === segments.length && parts.every((part, i) => (isVariable[i] === true ? part !== '' : part === segments[i]))
  }
}

/** What `{name}` segments of a pattern stand for in a path that matches it. */
export function captures(pattern: string, path: string): Record<string, string> {
  const found: Record<string, string> = Object.create(null)
  const parts = path.split('/')
  pattern.split('/').forEach((segment, i) => {
    if (segment.startsWith('{')) found[segment.slice(1, -1)] = parts[i] ?? ''
  })
  return found
}

/** Whether all values of a header or parameter satisfy a condition (U9). */
export function valueTest(match: ValueMatch): (values: readonly string[]) => boolean {
  if (match.kind === 'present') return (values) => values.length > 0 === match.value
  const test = oneValueTest(match.kind, match.value)
  return (values) => values.length > 0 && values.every(test)
}

function oneValueTest(kind: 'exact' | 'prefix' | 'regex', value: string): (text: string) => boolean {
  if (kind === 'exact') return (text) => text === value
  return kind === 'prefix' ? (text) => text.startsWith(value) : wholeMatch(value)
}

/** Every value of a header, a list of conditions over them. */
export function headersTest(matches: readonly ValueMatch[]): (headers: HeaderList) => boolean {
  const tests = matches.map((match) => ({ name: match.name, test: valueTest(match) }))
  return (headers) => tests.every(({ name, test }) => test(headers.all(name)))
}

export function queryTest(matches: readonly ValueMatch[]): (query: string) => boolean {
  const tests = matches.map((match) => ({ name: match.name, test: valueTest(match) }))
  return (query) => tests.every(({ name, test }) => test(queryValues(query, name)))
}

/** Every value of a parameter, decoded; the query itself is never changed. */
export function queryValues(query: string, name: string): string[] {
  const found: string[] = []
  for (const part of query.slice(1).split('&')) {
    const equals = part.indexOf('=')
    if (decoded(equals < 0 ? part : part.slice(0, equals)) === name) found.push(equals < 0 ? '' : decoded(part.slice(equals + 1)))
  }
  return found
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
