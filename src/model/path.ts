/** A path in the one form that is matched, authorized and forwarded (hostile-inputs P1 to P10). */
export interface CanonicalPath {
  readonly path: string
  /** It holds `%2F` or `%5C`, which a route must allow explicitly. */
  readonly encodedSlash: boolean
  /** Some segment has `;` parameters. */
  readonly parameters: boolean
  /** Slashes were merged; `unmerged` is what a route with `mergeSlashes: false` forwards. */
  readonly unmerged: string
}

const slash = 47
const dot = 46
const percent = 37

/** 1 where a byte may stand as it is and needs no second look. */
const plain = new Uint8Array(256)
for (const char of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~!$&'()*+,=:@")
  plain[char.charCodeAt(0)] = 1

/**
 * Brings a raw path into canonical form, or answers undefined where it has none (400). Percent-encoded
 * unreserved characters are decoded once (RFC 3986 §6.2.2.2), other escapes get upper-case digits, dot
 * segments are resolved, runs of slashes merged. `%25` is never decoded, so the form is a fixed point.
 */
export function canonicalPath(raw: string): CanonicalPath | undefined {
  if (raw.charCodeAt(0) !== slash) return undefined
  return isCanonical(raw)
    ? { path: raw, encodedSlash: false, parameters: false, unmerged: raw }
    : rebuild(raw)
}

/** True when nothing needs a second look: only plain bytes, no empty segment, no segment that begins with a dot. */
function isCanonical(raw: string): boolean {
  let previous = 0
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i)
    if (code === slash) {
      if (previous === slash) return false
    } else if (code === dot) {
      if (previous === slash) return false
    } else if (plain[code] !== 1) return false
    previous = code
  }
  return true
}

function rebuild(raw: string): CanonicalPath | undefined {
  const decoded = decode(raw)
  if (decoded === undefined) return undefined
  const segments = resolve(decoded.text.slice(1).split('/'))
  if (segments === undefined) return undefined
  const merged = segments.filter((segment, i) => segment !== '' || i === segments.length - 1)
  return {
    path: `/${merged.join('/')}`,
    unmerged: `/${segments.join('/')}`,
    encodedSlash: decoded.encodedSlash,
    parameters: decoded.text.includes(';'),
  }
}

interface Decoded {
  readonly text: string
  readonly encodedSlash: boolean
}

function decode(raw: string): Decoded | undefined {
  let text = ''
  let encodedSlash = false
  const bytes: number[] = []
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i)
    if (code !== percent) {
      if (code <= 32 || code >= 127 || code === 92 || code === 35 || code === 63) return undefined
      text += raw[i]
      bytes.push(code)
      continue
    }
    const byte = escaped(raw, i)
    if (byte < 32 || byte === 127) return undefined
    bytes.push(byte)
    if (byte === slash || byte === 92) encodedSlash = true
    text += isUnreserved(byte)
      ? String.fromCharCode(byte)
      : `%${raw.slice(i + 1, i + 3).toUpperCase()}`
    i += 2
  }
  return isUtf8(bytes) ? { text, encodedSlash } : undefined
}

/** The byte of an escape, -1 when it is none. */
function escaped(raw: string, at: number): number {
  const high = hex(raw.charCodeAt(at + 1))
  const low = hex(raw.charCodeAt(at + 2))
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

function hex(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const letter = code | 0x20
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}

/** RFC 3986 §2.3. */
const isUnreserved = (byte: number): boolean =>
  (byte >= 48 && byte <= 57) ||
  (byte >= 65 && byte <= 90) ||
  (byte >= 97 && byte <= 122) ||
  byte === 45 ||
  byte === 46 ||
  byte === 95 ||
  byte === 126

/** A dot segment for those who cut parameters off (`..;x`) or decode slashes (`..%2Fadmin`), and for nobody else. */
const hiddenDots = /(^|%2F|%5C)\.\.?(;|%2F|%5C)|(%2F|%5C)\.\.?$/

/** Dot segments (RFC 3986 §5.2.4); above the root is refused, and so are hidden ones (P3, P5). */
function resolve(segments: readonly string[]): string[] | undefined {
  const out: string[] = []
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] as string
    const last = i === segments.length - 1
    if (hiddenDots.test(segment)) return undefined
    if (segment === '.') {
      if (last) out.push('')
    } else if (segment === '..') {
      // An empty segment is no level: `/a//../b` must not escape from under `/a`... in the merged form.
      while (out.at(-1) === '') out.pop()
      if (out.pop() === undefined) return undefined
      if (last) out.push('')
    } else out.push(segment)
  }
  return out
}

/** Without overlong forms, surrogates and what is beyond U+10FFFF (RFC 3629). */
function isUtf8(bytes: readonly number[]): boolean {
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i] as number
    if (lead < 0x80) {
      i++
      continue
    }
    const more =
      lead >= 0xc2 && lead <= 0xdf
        ? 1
        : lead >= 0xe0 && lead <= 0xef
          ? 2
          : lead >= 0xf0 && lead <= 0xf4
            ? 3
            : 0
    if (more === 0 || !isSequence(bytes, i, more)) return false
    i += more + 1
  }
  return true
}

function isSequence(bytes: readonly number[], at: number, more: number): boolean {
  for (let k = 1; k <= more; k++) if (((bytes[at + k] ?? 0) & 0xc0) !== 0x80) return false
  const lead = bytes[at]
  const second = bytes[at + 1] as number
  if (lead === 0xe0) return second >= 0xa0
  if (lead === 0xed) return second < 0xa0
  if (lead === 0xf0) return second >= 0x90
  return lead !== 0xf4 || second < 0x90
}

/** The path with every segment's `;` parameters cut off. */
export function withoutParameters(path: string): string {
  if (!path.includes(';')) return path
  return path
    .split('/')
    .map((segment) => segment.split(';', 1)[0])
    .join('/')
}
