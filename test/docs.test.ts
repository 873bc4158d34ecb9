import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { documents } from '../scripts/documents/all.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')

const below = (dir: string) =>
  readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name))

const pages = [...readdirSync(root), ...['docs', 'examples', 'test'].flatMap(below)].filter(
  (path) => path.endsWith('.md'),
)

/** Headings as GitHub turns them into anchors. */
const anchorsOf = (text: string) =>
  new Set(
    text
      .split('\n')
      .filter((line) => /^#+ /.test(line))
      .map((line) =>
        line
          .replace(/^#+ /, '')
          .toLowerCase()
          .replace(/[^\p{L}\p{N}_ -]/gu, '')
          .replaceAll(' ', '-'),
      ),
  )

function brokenLinks(page: string): string[] {
  const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '')
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(root, target))) return true
    return anchor !== undefined && !anchorsOf(textOf(target)).has(anchor)
  })
}

describe('documents', () => {
  test.each([...documents(root)])('%s is what `npm run generate` writes', (path, text) => {
    expect(existsSync(join(root, path)), `${path} is missing: npm run generate`).toBe(true)
    expect(textOf(path), `${path} is out of date: npm run generate`).toBe(text)
  })

  test('the lifecycle lists the policies in the order of the pipeline', () => {
    const source = textOf('src/proxy/stages/pipeline.ts')
    const list = /policies: readonly [^\n]+ = \[\n([^\]]+)\]/.exec(source)?.[1] ?? ''
    const policies = [...list.matchAll(/(\w+),/g)].map((match) => match[1])
    const rows = textOf('docs/REQUEST-LIFECYCLE.md').matchAll(/^\| `(\w+)` \|/gm)
    expect(policies.length).toBeGreaterThan(5)
    expect([...rows].map((match) => match[1])).toEqual(policies)
  })

  test.each(pages)('%s: every link within the repository leads somewhere', (page) => {
    expect(brokenLinks(page)).toEqual([])
  })
})

test('docs/observability.md names every metric, and no other', () => {
  const inCode = new Set(
    readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .flatMap((name) => [...textOf(join('src', name)).matchAll(/'(fairlead_[a-z_]+)'/g)])
      .map(([, metric]) => metric),
  )
  const told = textOf('docs/observability.md').matchAll(/`(fairlead_[a-z_]+)`/g)
  expect([...new Set([...told].map(([, metric]) => metric))].sort()).toEqual([...inCode].sort())
})
