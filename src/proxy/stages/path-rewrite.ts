import { canonicalPath } from '../../model/path.ts'
import type { HostEntry, PathRewrite } from '../../model/snapshot.ts'

/** The rewritten path in canonical form, or undefined when the result has none. */
export type RewritePath = (entry: HostEntry, path: string) => string | undefined

/** Makes a rewrite ready for all matches of its rule. */
export function pathRewriter(rewrite: PathRewrite): RewritePath {
  return rewrite.kind === 'prefix'
    ? prefixRewriter(rewrite.value)
    : templateRewriter(rewrite.template)
}

function prefixRewriter(value: string): RewritePath {
  const base = withoutSlash(value)
  return ({ match }, path) => {
    const matched = match.path.kind === 'prefix' ? withoutSlash(match.path.value).length : 0
    return checked(base + path.slice(matched))
  }
}

const withoutSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path)

/** `{name}` stands for the segment that the pattern of the match calls so. */
function templateRewriter(template: string): RewritePath {
  const [first, ...rest] = template.split('{')
  const opening = first as string
  if (rest.length === 0) {
    const path = checked(opening)
    return () => path
  }
  const parts = rest.map((part) => {
    const end = part.indexOf('}')
    return { name: `{${part.slice(0, end)}}`, text: part.slice(end + 1) }
  })
  const placesOf = new Map<string, readonly number[]>()
  return ({ match }, path) => {
    const pattern = match.path.value
    let places = placesOf.get(pattern)
    if (places === undefined) {
      const segments = pattern.split('/')
      places = parts.map(({ name }) => segments.indexOf(name))
      placesOf.set(pattern, places)
    }
    let text = opening
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as (typeof parts)[number]
      text += segmentAt(path, places[i] as number) + part.text
    }
    return checked(text)
  }
}

/** The segment number `place` of `path.split('/')`, '' when there is none. */
function segmentAt(path: string, place: number): string {
  let at = 0
  for (let i = 0; i < place; i++) {
    at = path.indexOf('/', at) + 1
    if (at === 0) return ''
  }
  if (place < 0) return ''
  const end = path.indexOf('/', at)
  return end < 0 ? path.slice(at) : path.slice(at, end)
}

/**
 * What a rewrite has put together goes through the same canonicalisation as what came in (P9). Slashes may have
 * met and are merged; anything else that would have to be changed means that the parts do not say what they said
 * alone, and is refused.
 */
function checked(text: string): string | undefined {
  const path = text === '' ? '/' : text
  const canonical = canonicalPath(path)
  return canonical?.unmerged === path ? canonical.path : undefined
}
