import fc from 'fast-check'
import type { Part } from './parts.ts'

/** A field to be printed; `kind` is that of its value. */
export interface Field {
  readonly name: string
  readonly value: string
  readonly kind: string
}

/** A body and the fields that frame it. */
export interface Body {
  readonly fields: Field[]
  readonly parts: Part[]
}

const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCharCode(from + i))

const tokenChars = [..."!#$%&'*+-.^`|~", ...range(48, 57), ...range(65, 90), ...range(97, 122)]
const visible = range(0x21, 0x7e)
const obsText = range(0x80, 0xff)

const name = fc.oneof(
  fc.constantFrom('Accept', 'accept', 'User-Agent', 'COOKIE', 'X-A', 'x-b', 'Cache-Control'),
  fc.constantFrom('__proto__', 'constructor', 'X_Y', 'Content-Type', 'Via', 'X-Forwarded-For'),
  fc.string({ unit: fc.constantFrom(...tokenChars), minLength: 1, maxLength: 6 }),
)

const value = fc
  .string({
    unit: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...visible) },
      { weight: 2, arbitrary: fc.constantFrom(' ', '\t') },
      { weight: 1, arbitrary: fc.constantFrom(...obsText) },
    ),
    maxLength: 10,
  })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''))

/** A field that means nothing to framing or routing. */
export const ordinaryField: fc.Arbitrary<Field> = fc.record({
  name,
  value,
  kind: fc.constant('value'),
})

const before = [' ', ' ', ' ', '', '  ', '\t', ' \t']
const after = ['', '', '', '', ' ', '  ']

/** How the white space of a message is strewn. */
export const spacing = fc.nat(2 ** 30)

/** Field lines with optional white space around their values. */
export const fieldLines = (fields: readonly Field[], space: number): Part[] =>
  fields.flatMap(({ name, value, kind }, i) => {
    // Another one for each line, the usual one as the number shrinks to 0.
    const mixed = (space >>> (i % 24)) % (before.length * after.length)
    return [
      { kind: 'name', text: name },
      { kind: 'colon', text: `:${before[mixed % before.length]}` },
      { kind, text: value },
      { kind: 'crlf', text: `${after[Math.floor(mixed / before.length)]}\r\n` },
    ]
  })

const anyBytes = fc.string({ unit: fc.constantFrom(...range(0, 255)), maxLength: 20 })

/** @param message a whole message, which must stay data inside a body */
const content = (message: string) =>
  fc.oneof(
    { weight: 3, arbitrary: anyBytes },
    { weight: 1, arbitrary: fc.constantFrom(message, '0\r\n\r\n', '\r\n', 'a'.repeat(70)) },
  )

export const plainBody = (message: string): fc.Arbitrary<Body> =>
  content(message).map((text) => ({
    fields: [{ name: 'Content-Length', value: String(text.length), kind: 'length' }],
    parts: [{ kind: 'data', text }],
  }))

const token = fc.string({ unit: fc.constantFrom(...tokenChars), minLength: 1, maxLength: 4 })
const quoted = fc.constantFrom('"b c"', '""', '"\\""', '"a;b"', '"\t"', '"\\\\"')
const extension = fc.oneof(
  token.map((word) => `;${word}`),
  fc.tuple(token, fc.oneof(token, quoted)).map(([word, is]) => `;${word}=${is}`),
)
const extensions = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc.array(extension, { minLength: 1, maxLength: 2 }).map((all) => all.join('')),
  },
)

const sizeOf = fc
  .tuple(fc.constantFrom('', '', '', '0', '000'), fc.boolean())
  .map(([zeros, upper]) => (size: number) => {
    const digits = zeros + size.toString(16)
    return upper ? digits.toUpperCase() : digits
  })

const chunk = (data: fc.Arbitrary<string>) =>
  fc.tuple(data, sizeOf, extensions).map(([text, print, more]): Part[] => [
    { kind: 'size', text: print(text.length) },
    { kind: 'extension', text: more },
    { kind: 'crlf', text: '\r\n' },
    { kind: 'data', text },
    { kind: 'crlf', text: '\r\n' },
  ])

const lastChunk = fc.tuple(sizeOf, extensions).map(([print, more]): Part[] => [
  { kind: 'size', text: print(0) },
  { kind: 'extension', text: more },
  { kind: 'crlf', text: '\r\n' },
])

/** Chunks, with extensions and trailers, in every spelling that is allowed. */
export const chunkedBody = (message: string): fc.Arbitrary<Body> =>
  fc
    .tuple(
      fc.array(chunk(content(message).map((text) => text || 'x')), { maxLength: 3 }),
      lastChunk,
      fc.array(ordinaryField, { maxLength: 2 }),
      fc.constantFrom('chunked', 'chunked', 'Chunked'),
      spacing,
    )
    .map(([chunks, last, trailers, value, space]) => ({
      fields: [{ name: 'Transfer-Encoding', value, kind: 'coding' }],
      parts: [
        ...chunks.flat(),
        ...last,
        ...fieldLines(trailers, space),
        { kind: 'headEnd', text: '\r\n' },
      ],
    }))

export const noBody: Body = { fields: [], parts: [] }
