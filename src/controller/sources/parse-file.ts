import { isUtf8 } from 'node:buffer'
import yaml from 'js-yaml'
import { findJsonFault } from './json-scan.ts'
import { ownTexts } from './own-texts.ts'

/** Where a text stops being YAML or JSON, and why. */
export interface SyntaxFault {
  /** 0 when the fault is not at one place. */
  readonly line: number
  readonly column: number
  readonly message: string
}

/** A document, or a member of a `kind: List`. */
export interface Document {
  /** `document 2`, `document 1, items[3]`. */
  readonly where: string
  readonly value: unknown
}

export type Parsed = { readonly documents: readonly Document[] } | { readonly fault: SyntaxFault }

const deepest = 64
/** Values and characters of a file, what an alias stands for counted each time. */
const mostValues = 2_000_000
const mostCharacters = 64 * 1024 * 1024

const byteOrderMark = '\uFEFF'

/** Reads every document of a manifest file. `kind: List` is opened; empty documents are skipped. */
export function parseFile(name: string, bytes: Buffer): Parsed {
  const text = bytes.toString('utf8')
  if (!isUtf8(bytes)) return { fault: notUtf8(bytes, text) }
  const nul = text.indexOf('\0')
  if (nul >= 0) return at(text, nul, 'a NUL byte: this is no text file')
  const plain = text.startsWith(byteOrderMark) ? text.slice(1) : text
  return name.endsWith('.json') ? parseJson(plain) : parseYaml(plain)
}

function parseJson(text: string): Parsed {
  if (text.trim() === '') return { documents: [] }
  const fault = findJsonFault(text, deepest)
  return fault === undefined ? finish([JSON.parse(text)]) : at(text, fault.at, fault.message)
}

function parseYaml(text: string): Parsed {
  try {
    return finish(yaml.loadAll(text, undefined, { schema: yaml.CORE_SCHEMA }))
  } catch (error) {
    // The parser calls itself for each level.
    if (error instanceof RangeError) return unplaced(tooDeep)
    if (!(error instanceof yaml.YAMLException)) throw error
    const { line, column } = error.mark
    return { fault: { line: line + 1, column: column + 1, message: quiet(error.reason) } }
  }
}

/** Without the text that was met: it may be a password that should have been in quotes. */
const quiet = (reason: string): string =>
  reason
    .replace(
      /^unidentified alias .*$/s,
      'unidentified alias; a text that begins with * needs quotes',
    )
    .replace(
      /^(?:unknown|undeclared|tag) .*$/s,
      'unknown tag; a text that begins with ! needs quotes',
    )

const tooDeep = `nested deeper than ${deepest} levels`

const unplaced = (message: string): Parsed => ({ fault: { line: 0, column: 0, message } })

function finish(documents: readonly unknown[]): Parsed {
  const message = excessOf(documents)
  if (message !== undefined) return unplaced(message)
  ownTexts(documents)
  return { documents: documents.flatMap(open) }
}

function open(value: unknown, index: number): readonly Document[] {
  if (value === null || value === undefined) return []
  const where = `document ${index + 1}`
  const { kind, items } = value as { kind?: unknown; items?: unknown }
  if (kind !== 'List' || !Array.isArray(items)) return [{ where, value }]
  return items.map((item: unknown, i) => ({ where: `${where}, items[${i}]`, value: item }))
}

/** Aliases can make a small text a huge tree: every visit counts, also of a node seen before. */
function excessOf(documents: readonly unknown[]): string | undefined {
  let values = mostValues
  let characters = mostCharacters
  const visit = (value: unknown, depth: number): string | undefined => {
    if (typeof value === 'string') characters -= value.length
    if (--values < 0 || characters < 0) return tooMuch
    if (typeof value !== 'object' || value === null) return undefined
    if (depth === deepest) return tooDeep
    for (const [key, inner] of Object.entries(value)) {
      characters -= key.length
      const excess = visit(inner, depth + 1)
      if (excess !== undefined) return excess
    }
    return undefined
  }
  for (const [i, document] of documents.entries()) {
    const excess = visit(document, 0)
    if (excess !== undefined) return `document ${i + 1}: ${excess}`
  }
  return undefined
}

const tooMuch = `more than ${mostValues} values or ${mostCharacters} characters, what an alias stands for counted each time`

function notUtf8(bytes: Buffer, text: string): SyntaxFault {
  const isUtf16 = (bytes[0] ?? 0) + (bytes[1] ?? 0) === 0xfe + 0xff
  const message = isUtf16
    ? 'is UTF-16; save it as UTF-8'
    : 'a byte that is not UTF-8; save the file as UTF-8'
  return { ...positionOf(text, firstReplaced(bytes, text)), message }
}

/** The first replacement character that the file does not hold itself. */
function firstReplaced(bytes: Buffer, text: string): number {
  let from = 0
  let offset = 0
  for (;;) {
    const at = text.indexOf(replacement, from)
    offset += Buffer.byteLength(text.slice(from, at))
    if (!bytes.subarray(offset, offset + 3).equals(replacementBytes)) return at
    from = at + 1
    offset += replacementBytes.length
  }
}

const replacement = '\uFFFD'
const replacementBytes = Buffer.from(replacement)

const at = (text: string, index: number, message: string): Parsed => ({
  fault: { ...positionOf(text, index), message },
})

function positionOf(text: string, index: number): { line: number; column: number } {
  const before = text.slice(0, index).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}
