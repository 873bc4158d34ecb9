import fc from 'fast-check'

/** A piece of a message that a mutation can get hold of. `kind` says what it is in the grammar. */
export interface Part {
  readonly kind: string
  readonly text: string
}

/** Words that have made one parser or another stumble, by the kind of part they can stand for. */
export type Nasty = Readonly<Record<string, readonly string[]>>

/** Bytes that mean something to some parser: controls, white space, separators, the borders of ASCII. */
const specialBytes = [
  0, 1, 8, 9, 10, 11, 12, 13, 31, 32, 34, 35, 43, 44, 45, 47, 48, 58, 59, 61, 92,
].concat([95, 120, 127, 128, 133, 160, 255])

type Edit = (parts: Part[], at: number, other: number, nasty: Nasty) => Part[]

const raw = (text: string): Part => ({ kind: 'raw', text })
const pick = <T>(list: readonly T[], at: number): T => list[at % list.length] as T

/** Changes one part. */
const edits: Readonly<Record<string, Edit>> = {
  delete: (parts, at) => parts.toSpliced(at, 1),
  double: (parts, at) => parts.toSpliced(at, 0, parts[at] as Part),
  swap: (parts, at, other) => {
    const to = other % parts.length
    return parts.with(at, parts[to] as Part).with(to, parts[at] as Part)
  },
  truncate: (parts, at) => parts.slice(0, at + 1),
  upper: (parts, at) => parts.with(at, raw(parts[at]?.text.toUpperCase() ?? '')),
  lower: (parts, at) => parts.with(at, raw(parts[at]?.text.toLowerCase() ?? '')),
  replace: (parts, at, other, nasty) => {
    const words = nasty[parts[at]?.kind ?? ''] ?? nasty['any']
    return parts.with(at, raw(pick(words ?? [''], other)))
  },
  /** A whole field line where a field could stand: framing said twice, or in another way. */
  addField: (parts, at, other, nasty) => {
    const places = parts.flatMap(({ kind }, i) =>
      kind === 'name' || kind === 'headEnd' ? [i] : [],
    )
    if (places.length === 0) return parts
    return parts.toSpliced(pick(places, at), 0, raw(pick(nasty['field'] ?? [''], other)))
  },
  insert: (parts, at, other, nasty) =>
    parts.toSpliced(at, 0, raw(pick(nasty['any'] ?? [''], other))),
}

/** Changes one byte of one part. */
const byteEdits: Readonly<Record<string, (text: string, at: number, byte: string) => string>> = {
  set: (text, at, byte) => text.slice(0, at) + byte + text.slice(at + 1),
  insert: (text, at, byte) => text.slice(0, at) + byte + text.slice(at),
  delete: (text, at) => text.slice(0, at) + text.slice(at + 1),
  flip: (text, at, byte) => {
    const bit = 1 << (byte.charCodeAt(0) % 8)
    return byteEdits['set']!(text, at, String.fromCharCode(text.charCodeAt(at) ^ bit))
  },
}

export type Mutation = (parts: Part[], nasty: Nasty) => Part[]

/** What frames twice, or otherwise, comes more often than what is only broken. */
const anEdit = fc.constantFrom(
  ...Object.keys(edits),
  ...['addField', 'addField', 'addField', 'replace', 'replace', 'insert', 'delete', 'double'],
)

const structural = fc
  .record({ edit: anEdit, at: fc.nat(999), other: fc.nat(999) })
  .map(({ edit, at, other }): Mutation => {
    const mutate: Mutation = (parts, nasty) =>
      parts.length === 0 ? parts : (edits[edit] as Edit)(parts, at % parts.length, other, nasty)
    return named(mutate, `${edit}(${at}, ${other})`)
  })

const bytewise = fc
  .record({
    edit: fc.constantFrom(...Object.keys(byteEdits)),
    at: fc.nat(999),
    offset: fc.nat(99),
    byte: fc.oneof(fc.constantFrom(...specialBytes), fc.nat(255)),
  })
  .map(({ edit, at, offset, byte }): Mutation => {
    const mutate: Mutation = (parts) => {
      const i = at % parts.length
      const text = parts[i]?.text ?? ''
      if (text === '') return parts
      const edited = byteEdits[edit]!(text, offset % text.length, String.fromCharCode(byte))
      return parts.with(i, raw(edited))
    }
    return named(mutate, `${edit} byte(${at}, ${offset}, ${byte})`)
  })

const named = (mutate: Mutation, text: string): Mutation =>
  Object.assign(mutate, { [fc.toStringMethod]: () => text })

/** None for a valid input, up to three else. */
export const mutations = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Mutation[]>([]) },
  {
    weight: 5,
    arbitrary: fc.array(
      fc.oneof({ weight: 3, arbitrary: structural }, { weight: 2, arbitrary: bytewise }),
      { minLength: 1, maxLength: 3 },
    ),
  },
)

/** @returns the text, latin1, of parts after mutations */
export const textOf = (parts: readonly Part[], mutate: readonly Mutation[], nasty: Nasty): string =>
  mutate
    .reduce((left, each) => each(left, nasty), [...parts])
    .map(({ text }) => text)
    .join('')
