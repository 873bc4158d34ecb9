const factors: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
}

export const quantityPattern = /^[0-9]{1,12}(k|M|G|Ki|Mi|Gi)?$/

/** Bytes of a Kubernetes quantity: `64Ki`, `10Mi`, `500`; undefined for anything else. */
export function parseQuantity(text: string): number | undefined {
  const match = /^([0-9]{1,12})(k|M|G|Ki|Mi|Gi)?$/.exec(text)
  if (match === null) return undefined
  const bytes = Number(match[1]) * (factors[match[2] ?? ''] as number)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
