import type { z } from 'zod'
import type { Problem } from '../../model/problem.ts'
import { emptyListIsGood, fieldsAt, formAt } from './known-fields.ts'
import { didYouMean } from './suggest.ts'

type Issue = z.core.$ZodIssue

/** `spec.rules[0].backends[1]`; a name that is none of ours is somebody's text: `spec["\u001b"]`. */
function printPath(path: readonly PropertyKey[], root: string): string {
  let text = root
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (!/^[\w$-]{1,64}$/.test(String(part))) text += `[${shorten(String(part))}]`
    else text += text === '' ? String(part) : `.${String(part)}`
  }
  return text
}

const mostIssues = 20

/**
 * What zod found, in the words of the API: where, what, and what would be right. Of very many, the outermost are told:
 * compile must know of a fault of the object as a whole, which spoils every rule.
 */
export function problemsOf(
  error: z.core.$ZodError,
  schema: z.core.$ZodType,
  value: unknown,
  root: string,
): Problem[] {
  const issues = error.issues.filter(
    (issue, i) => !isOfEveryNumber(issue) || error.issues[i + 1]?.path.at(-1) !== issue.path.at(-1),
  )
  const outermost = [...issues].sort((a, b) => a.path.length - b.path.length).slice(0, mostIssues)
  return issues
    .filter((issue) => outermost.includes(issue))
    .flatMap((issue) => problemOf(issue, schema, value, root))
}

/** The bound of every whole number; where a field has a closer one, that is told next. */
const isOfEveryNumber = (issue: Issue): boolean =>
  (issue.code === 'too_big' && issue.maximum === Number.MAX_SAFE_INTEGER) ||
  (issue.code === 'too_small' && issue.minimum === Number.MIN_SAFE_INTEGER)

function problemOf(issue: Issue, schema: z.core.$ZodType, value: unknown, root: string): Problem[] {
  const at = (path: readonly PropertyKey[], message: string): Problem => ({
    reason: 'Invalid',
    path: printPath(path, root),
    message,
  })
  if (issue.code === 'unrecognized_keys')
    return issue.keys
      .slice(0, mostIssues)
      .map((key) => at([...issue.path, key], unknownField(key, fieldsAt(schema, issue.path))))
  const found = valueAt(value, issue.path)
  return [at(issue.path, typeSentence(issue, schema, found) ?? sentence(issue, found))]
}

/** What only the schema at that place can tell: the form of an object, and that a list may be empty. */
function typeSentence(issue: Issue, schema: z.core.$ZodType, value: unknown): string | undefined {
  if (issue.code !== 'invalid_type' || issue.message.startsWith('must')) return undefined
  if (issue.expected === 'array' && value === undefined && emptyListIsGood(schema, issue.path))
    return 'is required (a list; write [] for none)'
  if (issue.expected !== 'object') return undefined
  const form = formAt(schema, issue.path)
  if (form === '') return undefined
  return value === undefined
    ? `is required (an object such as ${form})`
    : `must be an object such as ${form}, not ${shorten(value)}`
}

function unknownField(key: string, fields: readonly string[]): string {
  const near = didYouMean(key, fields)
  const all = fields.length === 0 ? '' : `; there are ${fields.join(', ')}`
  return `is not a field that exists here${near === '' ? all : near}`
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      typeof inner === 'object' && inner !== null
        ? (inner as Record<PropertyKey, unknown>)[part]
        : undefined,
    value,
  )
}

function sentence(issue: Issue, value: unknown): string {
  const was = value === undefined ? '' : `, not ${shorten(value)}`
  switch (issue.code) {
    case 'invalid_type':
      if (value === undefined) return `is required (${article(issue.expected)})`
      return `${issue.message.startsWith('must') ? issue.message : `must be ${article(issue.expected)}`}${was}`
    case 'too_small':
      return `must ${bound(issue.origin, 'at least', issue.minimum)}${sizeOf(value, was)}`
    case 'too_big':
      return `must ${bound(issue.origin, 'at most', issue.maximum)}${issue.origin === 'string' ? '' : sizeOf(value, was)}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}${was}${quotes(issue.values, value)}`
    case 'invalid_format':
      return issue.message.startsWith('must')
        ? `${issue.message}${was}`
        : `has the wrong form${was}`
    case 'invalid_union':
      return unionSentence(issue, was)
    case 'invalid_key':
      return `is no good name: it ${issue.issues.map((inner) => sentence(inner, undefined)).join(', ')}`
    default:
      return issue.message.startsWith('must') ? issue.message : `is invalid${was}`
  }
}

/** YAML reads what looks like a number as one. */
const quotes = (values: readonly unknown[], value: unknown): string =>
  typeof value === 'number' && values.includes(String(value))
    ? `; it is a text: write it in quotes, "${value}"`
    : ''

function unionSentence(issue: Extract<Issue, { code: 'invalid_union' }>, was: string): string {
  if (issue.message.startsWith('must')) return `${issue.message}${was}`
  const messages = issue.errors.flatMap((errors) =>
    errors.map((inner) =>
      inner.code === 'invalid_type'
        ? `must be ${article(inner.expected)}`
        : sentence(inner, undefined),
    ),
  )
  const choices = issue.errors.flatMap((errors) =>
    errors.flatMap((inner) => (inner.code === 'invalid_value' ? inner.values.map(String) : [])),
  )
  if (choices.length > 0) return `must be one of ${choices.join(', ')}${was}`
  return `${messages[0] ?? 'is invalid'}${was}`
}

const article = (type: string): string =>
  ({
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'an object',
  })[type] ?? type

function bound(origin: string, how: string, limit: number | bigint): string {
  if (origin === 'string') return `have ${how} ${limit} characters`
  if (origin === 'array') return `have ${how} ${limit} members`
  return `be ${how} ${limit}`
}

const sizeOf = (value: unknown, was: string): string =>
  Array.isArray(value) ? `, not ${value.length}` : was

function shorten(value: unknown): string {
  const text =
    typeof value === 'object' && value !== null
      ? Array.isArray(value)
        ? 'a list'
        : 'an object'
      : typeof value === 'number'
        ? String(value)
        : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
