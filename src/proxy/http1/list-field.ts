/**
 * The elements of a list (RFC 9110 §5.6.1) without the SP and HTAB around them; empty ones stay. No other character is
 * white space here: not VT, not 0xA0. Linear in the text, where a pattern would try each run of spaces from every place.
 */
export const elementsOf = (value: string): string[] => value.split(',').map(stripped)

function stripped(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

const isSpace = (code: number): boolean => code === 32 || code === 9
