import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const page = new URL('e2e/FAULTS.md', import.meta.url)
const lines = readFileSync(page, 'utf8').split('\n')

const rows = lines
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .flatMap(([, row = '', shown = '']) =>
    /^[CKD]\d+$/.test(row)
      ? [...shown.matchAll(/\]\(([^)]+)\)/g)].map((match) => [row, match[1] ?? ''] as const)
      : [],
  )

const wanted = (letter: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${letter}${from + i}`)

test('every row of the catalogue of faults is in the table', () => {
  const all = [...wanted('C', 1, 14), ...wanted('K', 1, 12), ...wanted('D', 6, 10)]
  expect([...new Set(rows.map(([row]) => row))]).toEqual(all)
})

test('what the table names has a test whose name begins with the row, drills aside', () => {
  const missing = rows
    .filter(([, path]) => !path.includes('/drills/'))
    .filter(([row, path]) => {
      const text = readFileSync(new URL(path, page), 'utf8')
      return !new RegExp(`['\`"](?:[CKDJ]\\d+,? )*${row}[ ,:]`).test(text)
    })
  expect(missing).toEqual([])
})
