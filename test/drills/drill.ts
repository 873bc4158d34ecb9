import type { Stage } from './stage.ts'

/** One row of the table: what is done to the running gateway, what must hold, and how it is found out. */
export interface Drill {
  /** For `--only`. */
  readonly name: string
  readonly what: string
  readonly must: string
  /** About how long it takes. */
  readonly seconds: number
  readonly run: (stage: Stage) => Promise<Findings>
}

export interface Finding {
  readonly text: string
  readonly holds: boolean
}

/** What a drill found. Every finding is told; one that does not hold misses the row. */
export class Findings {
  readonly all: Finding[] = []

  /** Something that must hold, with the figure that was seen. */
  expect(text: string, holds: boolean): this {
    this.all.push({ text, holds })
    return this
  }

  /** Something to know that decides nothing. */
  note(text: string): this {
    return this.expect(text, true)
  }

  get passes(): boolean {
    return this.all.length > 0 && this.all.every(({ holds }) => holds)
  }

  print(): string {
    return this.all.map(({ text, holds }) => (holds ? text : `MISSED: ${text}`)).join('; ')
  }
}
