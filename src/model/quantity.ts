const factors: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
}

/** The form of a quantity. Whatever has it is a whole number that a double can hold. */
export const quantityPattern = /^([0-9]{1,12}(k|Ki)?|[0-9]{1,9}(M|Mi)|[0-9]{1,6}(G|Gi))$/

/** Bytes of a Kubernetes quantity: `64Ki`, `10Mi`, `500`; undefined for anything else. */
export function parseQuantity(text: string): number | undefined {
  if (!quantityPattern.test(text)) return undefined
  const [, count, suffix = ''] = /^([0-9]+)([A-Za-z]*)$/.exec(text) ?? []
  return Number(count) * (factors[suffix] as number)
}

/** The shortest text of a number of bytes: `16Ki`, `1Mi`, `500`. */
export function printQuantity(bytes: number): string {
  const unit = ['Gi', 'Mi', 'Ki'].find((each) => bytes > 0 && bytes % (factors[each] ?? 1) === 0)
  return unit === undefined ? String(bytes) : `${bytes / (factors[unit] ?? 1)}${unit}`
}
