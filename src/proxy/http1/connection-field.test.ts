import { describe, expect, test } from 'vitest'
import { connectionField, proxyConnectionField } from './connection-field.ts'

/** Several values, one after the other, in short: `close`, `keep-alive`, then names; `refused`. */
function joined(...values: readonly string[]): string {
  let field: ReturnType<typeof connectionField>
  for (const value of values) {
    field = connectionField(value, field)
    if (field === undefined) return 'refused'
  }
  const { close, keepAlive, names } = field!
  return [close ? 'close' : '', keepAlive ? 'keep-alive' : '', ...names].filter(Boolean).join(' ')
}

describe('Connection', () => {
  test.each([
    [['close'], 'close'],
    [['Keep-Alive'], 'keep-alive'],
    [['CLOSE'], 'close'],
    [['keep-alive, X-Hop'], 'keep-alive x-hop'],
    [[' ,close , x-a,,x-b'], 'close x-a x-b'],
    [['x-a', 'close'], 'close x-a'],
    [['close', 'keep-alive'], 'close keep-alive'],
    [['closed'], 'closed'],
    [['Upgrade, HTTP2-Settings'], 'upgrade http2-settings'],
    [[''], ''],
  ])('%j says %j', (values, want) => expect(joined(...values)).toBe(want))

  test.each([
    'Host',
    'content-length',
    'Content-Type',
    'transfer-encoding',
    'Authorization',
    'cookie',
    'x-forwarded-for',
    'x-forwarded-anything',
    'Forwarded',
    'via',
    'x-request-id',
    'traceparent',
    'if-none-match',
    'keep-alive, host',
  ])('U4: %s is not for a client to take away', (value) => expect(joined(value)).toBe('refused'))

  test.each(['a b', 'a;q=1', '"close"', 'a\xe9', 'close\x0b', '\xa0close'])(
    '%j is malformed',
    (value) => expect(joined(value)).toBe('refused'),
  )

  test('beside an HTAB the wish to stay does not count, the one to close does', () => {
    expect(joined('keep-alive\t')).toBe('')
    expect(joined('x-a,\tkeep-alive')).toBe('x-a')
    expect(joined('close\t')).toBe('close')
    expect(joined('keep-alive', 'x\t')).toBe('keep-alive x')
  })
})

describe('Proxy-Connection', () => {
  test('may end a connection', () => {
    expect(proxyConnectionField('x, Close', undefined)?.close).toBe(true)
    const before = connectionField('keep-alive, x-a', undefined)
    expect(proxyConnectionField('close', before)).toEqual({ ...before, close: true })
  })

  test('can do nothing else: its names take nothing away, its keep-alive keeps nothing', () => {
    expect(proxyConnectionField('keep-alive', undefined)).toBeUndefined()
    const before = connectionField('x-a', undefined)
    expect(proxyConnectionField('authorization, keep-alive', before)).toBe(before)
  })
})
