/** What is said about a field beside its meaning, by `kubectl explain` and docs/api.md. */
export interface Note {
  /** What a number counts. Durations and quantities say it in their value. */
  readonly unit?: string
  /** The value that an absent field stands for, as it would be written. */
  readonly default?: unknown
  /** What an absent field means, where that is no value. */
  readonly absent?: string
}

/** Metadata of a field: `schema.meta(note('Connecting to a backend.', { default: '1s' }))`. */
export const note = (description: string, rest: Note = {}) => ({ description, note: rest })
