/** One line of the text format of Prometheus. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g

/** Every sample of an exposition; throws on a line that is none. */
export const samplesOf = (text: string): Sample[] =>
  text
    .split('\n')
    .filter((each) => each !== '' && !each.startsWith('#'))
    .map((each) => {
      const [, name = '', labels = '', value = ''] = line.exec(each) ?? []
      if (name === '') throw new Error(`not a sample: ${each}`)
      return {
        name,
        labels: Object.fromEntries([...labels.matchAll(label)].map(([, key, of]) => [key, of])),
        value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value),
      }
    })

/** The sum of the samples that have these labels; NaN when there is none. */
export function valueIn(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const fitting = samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )
  if (fitting.length === 0) return Number.NaN
  return fitting.reduce((sum, { value }) => sum + value, 0)
}
