/** One reading of a metrics page. */
export class Scrape {
  readonly #lines: readonly string[]

  constructor(text: string) {
    this.#lines = text.split('\n')
  }

  /** Sum of the series of a metric whose labels include the given ones. */
  sum(metric: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels).map(([name, value]) => `${name}="${value}"`)
    return this.#lines
      .filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
      .filter((line) => wanted.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }
}
