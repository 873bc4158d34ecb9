const mostTexts = 2000
const texts = new Map<string, string>()

/**
 * The same text, as one string for all who have it: places such as `spec.rules[0].backends[1]` are in every route.
 * What is remembered is bounded; beyond it the memory starts anew, which costs room and nothing else.
 */
export function sameText(text: string): string {
  const known = texts.get(text)
  if (known !== undefined) return known
  if (texts.size >= mostTexts) texts.clear()
  texts.set(text, text)
  return text
}
