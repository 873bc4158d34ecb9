/**
 * Texts of one line as JSON: printable ASCII only, so that no byte of a client can end a line, move a cursor or turn
 * the direction of a text. What is longer than `longest` is cut, and `cut` says by how many bytes in all.
 */
export class LoggedText {
  readonly #longest: number
  cut = 0

  constructor(longest: number) {
    this.#longest = longest
  }

  /** A text of ours, or of a claim. */
  text(text: string): string {
    if (text.length <= this.#longest) return quote(text)
    this.cut += text.length - this.#longest
    return quote(text.slice(0, this.#longest))
  }

  /** A part of a head: latin1 in the program, usually UTF-8 in the mind of whoever sent it. */
  bytes(text: string): string {
    if (text.length <= this.#longest) return quote(readable(text))
    let end = this.#longest
    while (end > 0 && (text.charCodeAt(end) & 0xc0) === 0x80) end--
    this.cut += text.length - end
    return quote(readable(text.slice(0, end)))
  }
}

/** Most texts need nothing but the quotes: only what a scan finds is escaped. */
function quote(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code > 126 || code === 34 || code === 92) return escaped(text)
  }
  return `"${text}"`
}

const escaped = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** What is no valid UTF-8 stays as it is, a character a byte. */
function readable(latin1: string): string {
  for (let i = 0; i < latin1.length; i++) {
    if (latin1.charCodeAt(i) < 0x80) continue
    const bytes = Buffer.from(latin1, 'latin1')
    const text = bytes.toString('utf8')
    return Buffer.from(text, 'utf8').equals(bytes) ? text : latin1
  }
  return latin1
}
