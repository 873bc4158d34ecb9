import { isFieldText, isToken } from './field-scan.ts'

/**
 * The one list of header fields that routing, policies and the serialiser see (RFC 9110 §5). Names are lower
 * case, values are latin1 exactly as they came, order and repetition are kept.
 *
 * A field that the parser found in the very form in which it would be printed (`Name: value`, one space, nothing
 * trailing) is remembered by its place in the parsed text: its value is sliced out when somebody asks, and
 * neighbours are printed as one slice. A field that was set has no place and is printed from its parts.
 */
export class HeaderList {
  readonly names: string[] = []
  readonly #values: (string | undefined)[] = []
  /** Where a field's line begins in `#text`, -1 for a field that was set. */
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  #text = ''
  /** Some name has a `_`: backends may take it for a `-`. */
  underscores = false
  /** Whole lines that the gateway adds when the list is printed; no policy sees or changes them. */
  tail = ''

  get size(): number {
    return this.names.length
  }

  /** The text that `place` refers to. */
  from(text: string): void {
    this.#text = text
  }

  add(name: string, value: string): void {
    this.names.push(name)
    this.#values.push(value)
    this.#starts.push(-1)
    this.#ends.push(-1)
  }

  /**
   * Adds the field whose line, with its CRLF, stands at these positions of the text in printable form. A value that is
   * known is not cut out of the text again.
   */
  place(name: string, start: number, end: number, value?: string): void {
    this.names.push(name)
    this.#values.push(value)
    this.#starts.push(start)
    this.#ends.push(end)
  }

  valueAt(at: number): string {
    const value = this.#values[at]
    if (value !== undefined) return value
    const start = (this.#starts[at] as number) + (this.names[at] as string).length + 2
    return (this.#values[at] = this.#text.slice(start, (this.#ends[at] as number) - 2))
  }

  /** The first value, or undefined. */
  get(name: string): string | undefined {
    const at = this.names.indexOf(name)
    return at < 0 ? undefined : this.valueAt(at)
  }

  has(name: string): boolean {
    return this.names.indexOf(name) >= 0
  }

  /** Every value in order. */
  all(name: string): string[] {
    const found: string[] = []
    for (let at = this.names.indexOf(name); at >= 0; at = this.names.indexOf(name, at + 1))
      found.push(this.valueAt(at))
    return found
  }

  /** Removes every field of that name. */
  remove(name: string): void {
    for (let at = this.names.indexOf(name); at >= 0; at = this.names.indexOf(name, at))
      this.removeAt(at)
  }

  /** Another value in the same place. */
  replaceAt(at: number, value: string): void {
    this.#values[at] = value
    this.#starts[at] = -1
  }

  removeAt(at: number): void {
    this.names.splice(at, 1)
    this.#values.splice(at, 1)
    this.#starts.splice(at, 1)
    this.#ends.splice(at, 1)
  }

  /** Removes every field whose name is in the set, in one pass. */
  removeAny(unwanted: ReadonlySet<string>): void {
    const { names } = this
    let kept = 0
    for (let i = 0; i < names.length; i++) {
      if (!unwanted.has(names[i] as string)) this.#move(i, kept++)
    }
    this.#cut(kept)
  }

  /** Keeps the fields whose name passes. */
  filter(isWanted: (name: string) => boolean): void {
    const { names } = this
    let kept = 0
    for (let i = 0; i < names.length; i++) {
      if (isWanted(names[i] as string)) this.#move(i, kept++)
    }
    this.#cut(kept)
  }

  #move(from: number, to: number): void {
    if (from === to) return
    this.names[to] = this.names[from] as string
    this.#values[to] = this.#values[from]
    this.#starts[to] = this.#starts[from] as number
    this.#ends[to] = this.#ends[from] as number
  }

  #cut(size: number): void {
    if (size === this.names.length) return
    this.names.length = size
    this.#values.length = size
    this.#starts.length = size
    this.#ends.length = size
  }

  /** Leaves exactly one field of that name, in the place of the first if there was one. */
  set(name: string, value: string): void {
    const at = this.names.indexOf(name)
    if (at < 0) return this.add(name, value)
    this.replaceAt(at, value)
    for (
      let more = this.names.indexOf(name, at + 1);
      more >= 0;
      more = this.names.indexOf(name, more)
    )
      this.removeAt(more)
  }

  /** The lines of all fields, each with its CRLF. Throws when one that was set would be more, or another, than one line. */
  print(): string {
    const { names } = this
    const size = names.length
    let text = ''
    for (let i = 0; i < size; ) {
      const start = this.#starts[i] as number
      if (start < 0) {
        text += line(names[i] as string, this.#values[i] as string)
        i++
        continue
      }
      let end = this.#ends[i] as number
      while (++i < size && this.#starts[i] === end) end = this.#ends[i] as number
      text += this.#text.slice(start, end)
    }
    return text + this.tail
  }
}

/** Every code unit is looked at: Node cuts off what is above 0xFF, which makes line ends of others (U10). */
function line(name: string, value: string): string {
  if (!isToken(name) || !isFieldText(value))
    throw new Error(`the field ${JSON.stringify(name)} cannot be printed`)
  return `${name}: ${value}\r\n`
}
