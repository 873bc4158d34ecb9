import { canonicalPath } from '../../model/path.ts'
import type { HostEntry, PathRewrite } from '../../model/snapshot.ts'
import { captures } from '../runtime/matchers.ts'

/** The rewritten path in canonical form, undefined when the result has none (P9). */
export function rewritePath(rewrite: PathRewrite, entry: HostEntry, path: string): string | undefined {
  const { match } = entry
  if (rewrite.kind === 'full') return canonicalPath(fill(rewrite.template, match.path.kind === 'pattern' ? captures(match.path.value, path) : {}))?.path
  const matched = match.path.kind === 'prefix' ? match.path.value.replace(/\/$/, '') : ''
  const rest = path.slice(matched.length)
  const base = rewrite.value.replace(/\/$/, '')
  return canonicalPath(base + rest === '' ? '/' : base + rest)?.path
}

const fill = (template: string, values: Readonly<Record<string, string>>): string => template.replace(/\{([^}]*)\}/g, (_, name: string) => values[name] ?? '')
