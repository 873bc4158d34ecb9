import fc from 'fast-check'
import {
  type Body,
  chunkedBody,
  type Field,
  fieldLines,
  noBody,
  ordinaryField,
  plainBody,
  spacing,
} from './message-parts.ts'
import { nastyOf, words } from './nasty.ts'
import { mutations, type Nasty, type Part, textOf } from './parts.ts'

/** What a client sends on one connection. */
export interface ClientBytes {
  readonly text: string
  /** Not mutated: every message must be forwarded. */
  readonly valid: boolean
  /** Messages up to the first that ends the connection: what follows it is nobody's (F23). */
  readonly count: number
}

const host = 'a.example'
const smuggled = `GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`

const common = nastyOf(smuggled)

/** See hostile-inputs F1 to F25, R1 to R14 and U1 to U8. */
const nasty: Nasty = {
  ...common,
  method: words(`get~GE T~G=~~CONNECT~TRACE~PRI~FOO~UPDATE~${'A'.repeat(40)}`),
  target: [
    ...words(`*~/a b~/#f~\\~http://other/~http://${host}~HTTP://${host}?q~a:80~https://x/~/;x`),
    ...words('/%2e%2e/~/a/%2F~/%zz~//a~/\x80~/\0~~?~/..;/'),
  ],
  version: words(
    'HTTP/1.0~HTTP/0.9~HTTP/1.2~HTTP/2.0~http/1.1~HTTP/1~HTTP/11~~HTTP/ 1.1~HTTP/01.1',
  ),
  name: [...(common['name'] ?? []), ...words('Expect~X-Forwarded-For')],
  field: [
    ...(common['field'] ?? []),
    ...words('Expect: 100-continue\r\n~Expect: 200-ok\r\n~TE: trailers\r\n~Upgrade: websocket\r\n'),
    ...words(`Host: other\r\n~Host: ${host}\r\n`),
  ],
}

const methods = [
  'GET',
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'PROPFIND',
  'QUERY',
]

const segment = fc.oneof(
  fc.constantFrom('', 'a', '.', 'b/..', '%7e', '%41', '%c3%a9', "a'b", '%25', 'a:b@c', '%20'),
  fc.string({ unit: fc.constantFrom(...'abcXYZ019-_~!$&()*+,=:@'), minLength: 1, maxLength: 6 }),
)
const query = fc.string({
  unit: fc.constantFrom(...'ab01=&?/%:;[]{}|^`<>"\'*+,@!~'),
  maxLength: 12,
})

const originForm = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.option(query, { nil: undefined }))
  .map(([path, search]) => `/${path.join('/')}${search === undefined ? '' : `?${search}`}`)

const target = fc.oneof(
  { weight: 6, arbitrary: originForm },
  { weight: 1, arbitrary: originForm.map((path) => `http://${host}${path}`) },
  { weight: 1, arbitrary: fc.constantFrom(`http://${host}`, `http://${host}:80?x=1`) },
)

const hostField = fc
  .constantFrom(host, host.toUpperCase(), `${host}:80`, `${host}.`, `${host}.:80`)
  .map((value): Field => ({ name: 'Host', value, kind: 'value' }))

const hopFields = fc.constantFrom<Field[]>(
  ...Array.from({ length: 8 }, () => []),
  [{ name: 'Connection', value: 'keep-alive', kind: 'value' }],
  [
    { name: 'Connection', value: 'X-Hop ,keep-alive', kind: 'value' },
    { name: 'X-Hop', value: 'gone', kind: 'value' },
  ],
  [{ name: 'TE', value: 'trailers', kind: 'value' }],
  [{ name: 'Expect', value: '100-Continue', kind: 'value' }],
  [
    { name: 'Connection', value: 'Upgrade, HTTP2-Settings', kind: 'value' },
    { name: 'Upgrade', value: 'h2c', kind: 'value' },
    { name: 'HTTP2-Settings', value: 'AAMAAABk', kind: 'value' },
  ],
)

const request = fc.record({
  emptyLine: fc.nat(19).map((n) => n === 19),
  method: fc.constantFrom(...methods),
  target,
  isOld: fc.nat(9).map((n) => n === 9),
  host: hostField,
  hop: hopFields,
  fields: fc.array(ordinaryField, { maxLength: 3 }),
  persistence: fc.constantFrom('', '', '', '', '', 'close', 'Close', 'x-y, close'),
  framing: fc.constantFrom('none', 'length', 'chunked', 'chunked'),
  plain: plainBody(smuggled),
  chunked: chunkedBody(smuggled),
  order: fc.nat(5),
  space: spacing,
})

type Request = typeof request extends fc.Arbitrary<infer T> ? T : never

/** HTTP/1.0 knows no chunks, and F13 wants a method for a length that has a body everywhere. */
function bodyOf({ framing, isOld, method, plain, chunked }: Request): Body {
  if (framing === 'chunked') return isOld ? noBody : chunked
  return framing === 'length' && !(isOld && !method.startsWith('P')) ? plain : noBody
}

/** HTTP/1.0 must ask to stay. */
const wishOf = ({ persistence, isOld }: Request): string =>
  persistence === '' && isOld ? 'keep-alive' : persistence

function partsOf(message: Request): Part[] {
  const { emptyLine, method, target, isOld, host, fields, hop, order, space } = message
  const body = bodyOf(message)
  const wish = wishOf(message)
  const connection = wish === '' ? [] : [{ name: 'Connection', value: wish, kind: 'value' }]
  const others = [...fields, ...hop, ...connection]
  const all = [host, ...others].toSpliced(1 + (order % (others.length + 1)), 0, ...body.fields)
  return [
    ...(emptyLine ? [{ kind: 'crlf', text: '\r\n' }] : []),
    { kind: 'method', text: method },
    { kind: 'space', text: ' ' },
    { kind: 'target', text: target },
    { kind: 'space', text: ' ' },
    { kind: 'version', text: isOld ? 'HTTP/1.0' : 'HTTP/1.1' },
    { kind: 'crlf', text: '\r\n' },
    ...fieldLines(all, space),
    { kind: 'headEnd', text: '\r\n' },
    ...body.parts,
  ]
}

const connection = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(request) },
  { weight: 1, arbitrary: fc.array(request, { minLength: 2, maxLength: 4 }) },
)

/** One to four requests on one connection, as they should be or with up to three mutations. */
export const clientBytes: fc.Arbitrary<ClientBytes> = fc
  .tuple(connection, mutations)
  .map(([messages, mutate]) => {
    const text = textOf(messages.flatMap(partsOf), mutate, nasty)
    const end = messages.findIndex((each) => wishOf(each).toLowerCase().includes('close'))
    return { text, valid: mutate.length === 0, count: end < 0 ? messages.length : end + 1 }
  })
