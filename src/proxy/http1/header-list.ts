/**
 * The one list of header fields that routing, policies and the serialiser see (RFC 9110 §5).
 * Names are lower case, values are latin1 exactly as they came, order and repetition are kept.
 */
export class HeaderList {
  readonly names: string[] = []
  readonly values: string[] = []

  get size(): number {
    return this.names.length
  }

  clear(): void {
    this.names.length = 0
    this.values.length = 0
  }

  add(name: string, value: string): void {
    this.names.push(name)
    this.values.push(value)
  }

  /** The first value, or undefined. */
  get(name: string): string | undefined {
    const at = this.names.indexOf(name)
    return at < 0 ? undefined : this.values[at]
  }

  has(name: string): boolean {
    return this.names.indexOf(name) >= 0
  }

  /** Every value in order. */
  all(name: string): string[] {
    const found: string[] = []
    for (let at = this.names.indexOf(name); at >= 0; at = this.names.indexOf(name, at + 1)) {
      found.push(this.values[at] as string)
    }
    return found
  }

  /** Removes every field of that name. */
  remove(name: string): void {
    for (let at = this.names.indexOf(name); at >= 0; at = this.names.indexOf(name, at)) {
      this.removeAt(at)
    }
  }

  removeAt(at: number): void {
    this.names.splice(at, 1)
    this.values.splice(at, 1)
  }

  /** Leaves exactly one field of that name, in the place of the first if there was one. */
  set(name: string, value: string): void {
    const at = this.names.indexOf(name)
    if (at < 0) return this.add(name, value)
    this.values[at] = value
    for (let more = this.names.indexOf(name, at + 1); more >= 0; more = this.names.indexOf(name, more)) {
      this.removeAt(more)
    }
  }
}
