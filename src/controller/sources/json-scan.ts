/** Where a text stops being JSON. */
export interface JsonFault {
  /** Index into the text. */
  readonly at: number
  readonly message: string
}

/**
 * The first fault of a text that should be JSON (RFC 8259); undefined when there is none. Stricter than `JSON.parse`,
 * which hides a name that is there twice, and silent about the text itself, which may be a secret.
 *
 * @param deepest levels of nesting that are allowed
 */
export function findJsonFault(text: string, deepest: number): JsonFault | undefined {
  const scan = new JsonScan(text, deepest)
  return scan.document() ? undefined : scan.fault
}

const scalar = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const blanks = /[ \t\r\n]*/y

/** Each method reads one thing and says whether it was there. */
class JsonScan {
  fault: JsonFault | undefined
  readonly #text: string
  readonly #deepest: number
  #at = 0

  constructor(text: string, deepest: number) {
    this.#text = text
    this.#deepest = deepest
  }

  document(): boolean {
    return this.#value(0) && (this.#peek() === undefined || this.#fail('nothing may follow here'))
  }

  #value(depth: number): boolean {
    const char = this.#peek()
    if (char === '"') return this.#string() !== undefined
    if (char === '{' || char === '[') {
      if (depth === this.#deepest) return this.#fail(`nested deeper than ${depth} levels`)
      return char === '{' ? this.#object(depth + 1) : this.#list(depth + 1)
    }
    scalar.lastIndex = this.#at
    const found = scalar.exec(this.#text)?.[0]
    if (found === undefined) return this.#fail('a value is missing')
    this.#at += found.length
    return true
  }

  #object(depth: number): boolean {
    const names = new Set<string>()
    this.#at++
    if (this.#peek() === '}') return this.#step()
    do {
      if (!(this.#name(names) && this.#value(depth))) return false
    } while (this.#peek() === ',' && this.#step())
    return this.#peek() === '}' ? this.#step() : this.#fail('a , or } is missing')
  }

  #list(depth: number): boolean {
    this.#at++
    if (this.#peek() === ']') return this.#step()
    do {
      if (!this.#value(depth)) return false
    } while (this.#peek() === ',' && this.#step())
    return this.#peek() === ']' ? this.#step() : this.#fail('a , or ] is missing')
  }

  #name(names: Set<string>): boolean {
    if (this.#peek() !== '"') return this.#fail('a name in double quotes is missing')
    const start = this.#at
    const name = this.#string()
    if (name === undefined) return false
    if (names.has(name)) return this.#fail(`the name ${JSON.stringify(name)} is there twice`, start)
    names.add(name)
    return this.#peek() === ':' ? this.#step() : this.#fail('a : is missing')
  }

  /** What the text means, so that `"a"` and `"\u0061"` are one name. */
  #string(): string | undefined {
    const start = this.#at
    do {
      this.#at = this.#text.indexOf('"', this.#at + 1)
      if (this.#at < 0) return void this.#fail('a closing " is missing', start)
    } while (isEscaped(this.#text, this.#at))
    this.#at++
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string
    } catch {
      return void this.#fail('a text with a line break, a control character or a bad escape', start)
    }
  }

  /** The next character that says something. */
  #peek(): string | undefined {
    blanks.lastIndex = this.#at
    this.#at += blanks.exec(this.#text)?.[0].length ?? 0
    return this.#text[this.#at]
  }

  #step(): true {
    this.#at++
    return true
  }

  #fail(message: string, at = this.#at): false {
    this.fault = { at, message }
    return false
  }
}

/** Whether an odd number of backslashes stands before. */
function isEscaped(text: string, at: number): boolean {
  let first = at
  while (text[first - 1] === '\\') first--
  return (at - first) % 2 === 1
}
