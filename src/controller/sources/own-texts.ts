/** Longer texts are hardly ever the same. */
const longest = 128
const mostTexts = 4096
const texts = new Map<string, string>()

/**
 * Gives the texts of parsed documents memory of their own. A parser cuts them out of the file, and a cut of 13 characters
 * keeps the whole file in memory; and the same names stand in thousands of files.
 */
export function ownTexts(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  const record = value as Record<string, unknown>
  for (const key in record) {
    const inner = record[key]
    if (typeof inner === 'string') record[key] = ownText(inner)
    else ownTexts(inner)
  }
}

function ownText(text: string): string {
  if (text.length > longest) return copyOf(text)
  const known = texts.get(text)
  if (known !== undefined) return known
  if (texts.size >= mostTexts) texts.clear()
  const own = copyOf(text)
  texts.set(own, own)
  return own
}

/** Texts that are not plain ASCII stay as they are: a copy could change what is no valid Unicode. */
const copyOf = (text: string): string =>
  isAscii(text) ? Buffer.from(text, 'latin1').latin1Slice() : text

const isAscii = (text: string): boolean => /^[ -~\n\r\t]*$/.test(text)
