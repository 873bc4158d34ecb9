/** When a list of revoked certificates (RFC 5280 §5) in PEM is to be followed by the next, in milliseconds since 1970. */
export interface RevocationFacts {
  /** Infinity for one that does not say: it never gets old. */
  readonly endsWallMs: number
}

/** Undefined for what is no such list. Of its content only the beginning is looked at: the signature is for OpenSSL. */
export function revocationFacts(pem: string): RevocationFacts | undefined {
  const bytes = Buffer.from(pem.replaceAll(/-----[^-]*-----|\s/g, ''), 'base64')
  const whole = elementAt(bytes, 0)
  if (whole?.tag !== sequence || whole.end !== bytes.length) return undefined
  const parts = elementsOf(bytes, whole)
  const fields = parts?.[0]?.tag === sequence ? elementsOf(bytes, parts[0]) : undefined
  if (parts?.length !== 3 || fields === undefined) return undefined
  // [version] signature issuer thisUpdate [nextUpdate] ...
  const at = fields[0]?.tag === integer ? 1 : 0
  const [algorithm, issuer, from, until] = fields.slice(at)
  if (algorithm?.tag !== sequence || issuer?.tag !== sequence) return undefined
  if (from === undefined || Number.isNaN(timeOf(bytes, from))) return undefined
  if (until === undefined || !isTime(until)) return { endsWallMs: Number.POSITIVE_INFINITY }
  const endsWallMs = timeOf(bytes, until)
  return Number.isNaN(endsWallMs) ? undefined : { endsWallMs }
}

/** One element of DER (X.690): its content is from `start` to `end`. */
interface Element {
  readonly tag: number
  readonly start: number
  readonly end: number
}

const integer = 0x02
const utcTime = 0x17
const generalizedTime = 0x18
const sequence = 0x30

/** Undefined where there is none, or not all of it. */
function elementAt(bytes: Buffer, at: number): Element | undefined {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined) return undefined
  const more = first < 0x80 ? 0 : first & 0x7f
  if (first === 0x80 || more > 4 || at + 2 + more > bytes.length) return undefined
  const length = more === 0 ? first : bytes.readUIntBE(at + 2, more)
  const start = at + 2 + more
  return start + length > bytes.length ? undefined : { tag, start, end: start + length }
}

/** Undefined unless they fill it. */
function elementsOf(bytes: Buffer, { start, end }: Element): readonly Element[] | undefined {
  const elements: Element[] = []
  for (let at = start; at < end; ) {
    const element = elementAt(bytes, at)
    if (element === undefined || element.end > end) return undefined
    elements.push(element)
    at = element.end
  }
  return elements
}

const isTime = ({ tag }: Element): boolean => tag === utcTime || tag === generalizedTime

/** NaN for what is no time (RFC 5280 §4.1.2.5). */
function timeOf(bytes: Buffer, element: Element): number {
  const text = bytes.toString('latin1', element.start, element.end)
  const century = Number(text.slice(0, 2)) < 50 ? '20' : '19'
  const full = element.tag === utcTime ? century + text : text
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full)
  if (parts === null || !isTime(element)) return Number.NaN
  const [, year, month, day, hour, minute, second] = parts
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}
