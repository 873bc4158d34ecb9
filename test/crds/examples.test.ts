import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { decode } from '../../src/controller/api/decode.ts'
import { admit } from './api-server.ts'
import type { Manifest } from './rich.ts'
import { definitions, type Kind, schemaOf } from './schema.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

const filesIn = (folder: string, ending: RegExp): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => ending.test(path))

/** Whole manifests of our kinds, read as YAML 1.2 and as kubectl reads them. */
const manifestsOf = (text: string): readonly Manifest[] =>
  (['1.2', '1.1'] as const).flatMap((version) =>
    parseAllDocuments(text, { version })
      .map((document) => (document.toJS() ?? {}) as Manifest)
      .filter(({ kind }) => typeof kind === 'string' && Object.hasOwn(definitions, kind)),
  )

const blocksOf = (page: string): string =>
  [...page.matchAll(/^```yaml\n(apiVersion: fairlead[\s\S]*?)^```/gm)]
    .map(([, text]) => text)
    .join('---\n')

const textOf = (path: string): string => {
  const text = readFileSync(join(root, path), 'utf8')
  return path.endsWith('.md') ? blocksOf(text) : text
}

const sources = [
  'README.md',
  ...filesIn('docs', /\.md$/),
  ...filesIn('examples', /\.(ya?ml|md)$/),
].filter((path) => manifestsOf(textOf(path)).length > 0)

test('there are some to look at', () => expect(sources.length).toBeGreaterThan(4))

test.each(sources)('%s: what readers copy is admitted, and is understood', (path) => {
  for (const manifest of manifestsOf(textOf(path))) {
    expect(admit(schemaOf(manifest['kind'] as Kind), manifest)).toEqual({
      object: manifest,
      problems: [],
    })
    expect(decode(manifest)).toMatchObject({ object: { problems: [] } })
  }
})
