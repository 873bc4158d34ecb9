import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import { frame } from '../../model/frame.ts'
import { encodeProxyMessage, type ProxyMessage } from '../../model/push-message.ts'
import { PushSession } from './push-session.ts'

const hello: ProxyMessage = {
  type: 'hello',
  protocol: 1,
  version: '1',
  name: 'a',
  namespace: 'shop',
  epoch: 0,
  sequence: 0,
  digest: '',
}

/** A session of Pod shop/a, with nothing to send, whose credentials are good for so long. */
function open(goodForMs = Number.POSITIVE_INFINITY) {
  const clock = fakeClock()
  const closed: string[] = []
  let pings = 0
  let review: () => Promise<{ namespace: string; name: string; goodForMs: number } | undefined> =
    async () => undefined
  const session = new PushSession({
    clock,
    identity: { namespace: 'shop', name: 'a', goodForMs },
    address: '',
    stream: { write: () => void pings++, close: (reason) => void closed.push(reason) },
    next: () => undefined,
    ping: Buffer.alloc(0),
    authenticate: () => review(),
    changed: () => {},
    acknowledged: () => {},
  })
  const say = (message: ProxyMessage) => session.received(frame(encodeProxyMessage(message)))
  return {
    clock,
    closed,
    session,
    say,
    get pings() {
      return pings
    },
    reviewed: (identity: Awaited<ReturnType<typeof review>>) => {
      review = async () => identity
    },
    /** Time, with a pong every ten seconds. */
    async pass(ms: number) {
      for (let at = 0; at < ms; at += 10_000) {
        clock.advance(10_000)
        say({ type: 'pong' })
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}

describe('K11: how long a peer is believed', () => {
  test('K11: an expired token ends the session within ten seconds', async () => {
    const { say, closed, pass } = open(600_000)
    say(hello)
    await pass(590_000)
    expect(closed).toEqual([])
    await pass(20_000)
    expect(closed).toEqual(['its token has expired'])
  })

  test('K11: a new token in time keeps it', async () => {
    const { say, closed, pass, reviewed } = open(600_000)
    say(hello)
    await pass(500_000)
    reviewed({ namespace: 'shop', name: 'a', goodForMs: 600_000 })
    say({ type: 'token', token: 'next' })
    await pass(590_000)
    expect(closed).toEqual([])
    await pass(20_000)
    expect(closed).toEqual(['its token has expired'])
  })

  test.each([
    ['of nobody', undefined],
    ['of another Pod', { namespace: 'shop', name: 'b', goodForMs: 1e9 }],
    ['of another namespace', { namespace: 'other', name: 'a', goodForMs: 1e9 }],
  ])('K11: a new token %s ends it', async (_, identity) => {
    const { say, closed, pass, reviewed } = open(600_000)
    say(hello)
    reviewed(identity)
    say({ type: 'token', token: 'next' })
    await pass(10_000)
    expect(closed).toEqual(['the new token was not accepted'])
  })

  test.each<[string, readonly ProxyMessage[], string]>([
    ['without a hello', [{ type: 'pong' }], 'hello must come first'],
    [
      'an acknowledgement before it',
      [{ type: 'ack', digest: 'x', epoch: 1, sequence: 1 }],
      'first',
    ],
    ['with a second one', [hello, hello], 'hello must come once'],
    ['a hello of another', [{ ...hello, name: 'b' }], 'its credentials are those of shop/a'],
    ['a hello of another namespace', [{ ...hello, namespace: 'x' }], 'those of shop/a'],
  ])('K11: %s', (_, messages, says) => {
    const { say, closed, session } = open()
    for (const message of messages) say(message)
    expect(closed).toEqual([expect.stringContaining(says)])
    expect(session.acknowledged).toBeUndefined()
  })

  test.each([
    ['one that announces 4 GiB', Buffer.from([255, 255, 255, 255])],
    ['one over 64 KiB', frame('x'.repeat(64 * 1024 + 1))],
    ['no JSON', frame('\0')],
    ['an unknown kind', frame('{"type":"admin"}')],
    ['a number that is none', frame('{"type":"ack","digest":"","epoch":-1,"sequence":1e400}')],
    ['a key of Object', frame('{"type":"pong","__proto__":{}}')],
  ])('K11: a message that is none: %s', (_, bytes) => {
    const { say, session, closed } = open()
    say(hello)
    session.received(bytes)
    expect(closed).toHaveLength(1)
    session.received(frame(encodeProxyMessage({ type: 'pong' })))
    expect(closed).toHaveLength(1)
  })

  test('K11: a hello that comes byte by byte is waited for ten seconds in all', () => {
    const { clock, session, closed } = open()
    for (const byte of frame(encodeProxyMessage(hello)).subarray(0, 90)) {
      session.received(Buffer.from([byte]))
      clock.advance(200)
    }
    expect(closed).toEqual(['no hello came'])
  })

  test('K11: one that falls silent is given up after half a minute', () => {
    const { clock, say, closed } = open()
    say(hello)
    clock.advance(29_000)
    expect(closed).toEqual([])
    clock.advance(11_000)
    expect(closed).toEqual(['it fell silent'])
  })
})

describe.each([3_600_000, -3_600_000, -86_400_000])('K7: the clock is set by %i ms', (jumpMs) => {
  test('K7: a session goes on, at its pace, until its token has been good for as long as it was', async () => {
    const set = open(600_000)
    set.say(hello)
    await set.pass(60_000)
    const before = set.pings
    set.clock.jump(jumpMs)
    await set.pass(520_000)
    expect(set.closed).toEqual([])
    expect(set.pings - before).toBe(52)
    await set.pass(30_000)
    expect(set.closed).toEqual(['its token has expired'])
  })
})
