import yaml from 'js-yaml'
import { LineCounter, parseAllDocuments } from 'yaml'

/** Where a text stops being YAML or JSON, and why. */
export interface SyntaxFault {
  readonly line: number
  readonly column: number
  readonly message: string
}

export type Parsed = { readonly documents: readonly unknown[] } | { readonly fault: SyntaxFault }

/** More than an API server would take, and what one file may hold at all. */
export const largestFile = 32 * 1024 * 1024
const deepest = 64
const mostNodes = 2_000_000

/** Reads every document of a manifest file. `kind: List` is opened; empty documents are skipped. */
export function parseFile(name: string, text: string): Parsed {
  const nul = text.indexOf('\0')
  if (nul >= 0)
    return { fault: { ...positionOf(text, nul), message: 'a NUL byte: this is no text file' } }
  try {
    const documents = name.endsWith('.json')
      ? [JSON.parse(text) as unknown]
      : yaml.loadAll(text, undefined, { schema: yaml.CORE_SCHEMA })
    checkSize(documents)
    return { documents: documents.flatMap(open) }
  } catch (error) {
    return { fault: faultOf(name, text, error) }
  }
}

function open(document: unknown): unknown[] {
  if (document === null || document === undefined) return []
  const { kind, items } = document as { kind?: unknown; items?: unknown }
  return kind === 'List' && Array.isArray(items) ? items : [document]
}

/** Aliases can make a small text a huge tree: every visit counts, also of a node seen before. */
function checkSize(documents: readonly unknown[]): void {
  let left = mostNodes
  const visit = (value: unknown, depth: number): void => {
    if (--left < 0) throw new Error('too many values, or aliases that multiply them')
    if (depth > deepest) throw new Error(`nested deeper than ${deepest} levels`)
    if (typeof value === 'object' && value !== null)
      for (const key in value) visit((value as Record<string, unknown>)[key], depth + 1)
  }
  for (const document of documents) visit(document, 0)
}

function faultOf(name: string, text: string, error: unknown): SyntaxFault {
  const message =
    error instanceof Error
      ? ((error as { reason?: string }).reason ?? error.message)
      : String(error)
  const mark = (error as { mark?: { line: number; column: number } }).mark
  if (mark !== undefined) return { line: mark.line + 1, column: mark.column + 1, message }
  // JSON.parse does not say where: YAML holds JSON, and its parser counts lines.
  return name.endsWith('.json') ? jsonFault(text, message) : { line: 1, column: 1, message }
}

function jsonFault(text: string, message: string): SyntaxFault {
  const at = /position (\d+)/.exec(message)
  if (at !== null) return { ...positionOf(text, Number(at[1])), message }
  const lines = new LineCounter()
  const position = parseAllDocuments(text, { lineCounter: lines }).flatMap((document) =>
    'errors' in document ? document.errors : [],
  )[0]?.linePos?.[0]
  return { line: position?.line ?? 1, column: position?.col ?? 1, message }
}

function positionOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}
