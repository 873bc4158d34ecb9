/** An answer as a client reads it. */
export interface ReadAnswer {
  readonly status: number
  readonly fields: readonly string[]
  readonly body: string
}

/**
 * The complete answers at the beginning of a text, and what follows them. Strict: a head with no or two framing fields
 * ends the list, unless the answer has no body.
 *
 * @param methods of the requests in order, as far as they matter: an answer to HEAD has no body
 */
export function answersOf(
  text: string,
  methods: readonly string[] = [],
): { readonly answers: readonly ReadAnswer[]; readonly rest: string } {
  const answers: ReadAnswer[] = []
  for (let at = 0; ; ) {
    const next = readAnswer(text, at, methods[answers.length] === 'HEAD')
    if (next === undefined) return { answers, rest: text.slice(at) }
    answers.push(next.answer)
    at = next.end
  }
}

function readAnswer(text: string, at: number, isToHead: boolean) {
  const headEnd = text.indexOf('\r\n\r\n', at)
  if (headEnd < 0) return undefined
  const [line = '', ...fields] = text.slice(at, headEnd).split('\r\n')
  const status = Number(/^HTTP\/1\.1 ([1-5]\d\d) [A-Z]?/.exec(line)?.[1])
  const lengths = fields.filter((field) => /^content-length: \d+$/.test(field))
  const isBodiless = isToHead || status < 200 || status === 204 || status === 304
  if (Number.isNaN(status) || (lengths.length !== 1 && !isBodiless)) return undefined
  if (fields.some((field) => /^transfer-encoding/i.test(field))) return undefined
  const length = isBodiless ? 0 : Number(lengths[0]?.slice(16))
  const end = headEnd + 4 + length
  if (end > text.length) return undefined
  return { answer: { status, fields, body: text.slice(headEnd + 4, end) }, end }
}
