/** One message as some reader understood it. All text is latin1. */
export interface Message {
  readonly method: string
  readonly target: string
  readonly minorVersion: number
  /** As they came, without the white space around values. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly trailers: readonly (readonly [name: string, value: string])[]
  readonly body: string
  readonly complete: boolean
}

/** All that a reader made of the bytes of one connection. */
export interface Reading {
  readonly messages: readonly Message[]
  /** Why it read no further; '' when nothing was wrong. */
  readonly fault: string
}

/** A reader that is not ours. */
export interface Oracle {
  read(bytes: Buffer): Promise<Reading>
  close(): Promise<void>
}

/** `[a, b, c, d]` → `[[a, b], [c, d]]`. */
export const pairsOf = (list: readonly string[]): [string, string][] =>
  Array.from({ length: list.length / 2 }, (_, i) => [
    list[2 * i] as string,
    list[2 * i + 1] as string,
  ])
