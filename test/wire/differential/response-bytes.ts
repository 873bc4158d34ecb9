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

/** What a backend sends on one connection in answer to one request, until it closes. */
export interface BackendBytes {
  readonly method: string
  readonly text: string
  /** Not mutated: it must be understood to its end. */
  readonly valid: boolean
}

const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad'
const common = nastyOf(poison)

/** See hostile-inputs D1 to D3. */
const nasty: Nasty = {
  ...common,
  version: words(
    'HTTP/1.0~HTTP/0.9~HTTP/1.2~HTTP/2.0~http/1.1~HTTP/1~HTTP/11~~HTTP/ 1.1~ICY~RTSP/1.0',
  ),
  status: words('99~000~099~600~999~2000~20~2x0~~+20~ 200~101~100~204~304~200~0200'),
  reason: words('a\tb~\0~a\rb~\x7f~\x80\xff~~ ~OK~a\nb'),
}

const field = (name: string, value: string): Field => ({ name, value, kind: 'value' })

const informational = fc
  .record({
    status: fc.constantFrom('100', '102', '103'),
    fields: fc.array(ordinaryField, { maxLength: 1 }),
    space: spacing,
  })
  .map(({ status, fields, space }) =>
    headOf('HTTP/1.1', status, 'Early', fieldLines(fields, space)),
  )

/** @param reason `none` leaves out the space, too */
const headOf = (version: string, status: string, reason: string, lines: Part[]): Part[] => [
  { kind: 'version', text: version },
  { kind: 'space', text: ' ' },
  { kind: 'status', text: status },
  { kind: 'space', text: reason === 'none' ? '' : ' ' },
  { kind: 'reason', text: reason === 'none' ? '' : reason },
  { kind: 'crlf', text: '\r\n' },
  ...lines,
  { kind: 'headEnd', text: '\r\n' },
]

const untilClose = (data: string): Body => ({ fields: [], parts: [{ kind: 'data', text: data }] })

const final = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'HEAD'),
  status: fc.constantFrom('200', '200', '200', '201', '204', '206', '304', '404', '500', '599'),
  reason: fc.constantFrom('OK', 'Not Found', '', 'none', '\xe9\xff'),
  isOld: fc.nat(5).map((n) => n === 5),
  fields: fc.array(ordinaryField, { maxLength: 3 }),
  persistence: fc.constantFrom('', '', 'close', 'keep-alive'),
  body: fc.oneof(
    plainBody(poison),
    chunkedBody(poison),
    fc.constantFrom('', 'abc', poison, 'a\r\nb').map(untilClose),
  ),
  order: fc.nat(5),
  space: spacing,
})

type Final = typeof final extends fc.Arbitrary<infer T> ? T : never

/** 204 has no body and no framing; an answer to HEAD and a 304 have the framing without the body (RFC 9112 §6.3). */
function bodyOf({ method, status, isOld, body }: Final): Body {
  const isChunked = body.fields[0]?.kind === 'coding'
  if (status === '204' || (isOld && isChunked)) return noBody
  return method === 'HEAD' || status === '304' ? { ...body, parts: [] } : body
}

function partsOf(message: Final): Part[] {
  const { status, reason, isOld, fields, persistence, order, space } = message
  const body = bodyOf(message)
  const others = persistence === '' ? fields : [...fields, field('Connection', persistence)]
  const all = others.toSpliced(order % (others.length + 1), 0, ...body.fields)
  const version = isOld ? 'HTTP/1.0' : 'HTTP/1.1'
  return [...headOf(version, status, reason, fieldLines(all, space)), ...body.parts]
}

/** The answer to one request, as it should be or with up to three mutations. */
export const backendBytes: fc.Arbitrary<BackendBytes> = fc
  .tuple(fc.array(informational, { maxLength: 2 }), final, mutations)
  .map(([early, message, mutate]) => ({
    method: message.method,
    text: textOf([...early.flat(), ...partsOf(message)], mutate, nasty),
    valid: mutate.length === 0,
  }))
