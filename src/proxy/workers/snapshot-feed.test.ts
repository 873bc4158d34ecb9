import { describe, expect, test } from 'vitest'
import { snapshotOf } from '../../../test/harness/proxy.ts'
import type { Hand } from './crew.ts'
import type { ToWorker } from './messages.ts'
import { SnapshotFeed } from './snapshot-feed.ts'

/** Snapshots that differ in their digest only. */
const edition = (digest: string) => ({ ...snapshotOf({ ports: [1] }), digest })

/** `b` for a whole snapshot, `a>b` for the way from one to the other. */
function nameOf(text: string): string {
  const { snapshot, delta } = JSON.parse(text)
  return delta === undefined ? snapshot.digest : `${delta.from}>${delta.to}`
}

interface TestHand extends Hand {
  readonly got: string[]
}

function handOf(number: number): TestHand {
  const got: string[] = []
  const send = (message: ToWorker) => {
    if (message.kind === 'snapshot') got.push(nameOf(message.text))
  }
  return { number, pid: 1000 + number, send, got }
}

/** A feed with workers that have applied `a` and listen. */
function started(count: number) {
  const feed = new SnapshotFeed()
  feed.publish(edition('a'))
  const hands = Array.from({ length: count }, (_, i) => handOf(i + 1))
  for (const hand of hands) {
    feed.join(hand)
    feed.applied(hand)
    feed.listens(hand)
  }
  return { feed, hands }
}

describe('snapshots for workers', () => {
  test('a new worker starts with the newest', () => {
    const { feed } = started(1)
    feed.publish(edition('b'))
    expect(nameOf(feed.join(handOf(2)))).toBe('b')
  })

  test('it is settled when every worker that listens has applied the newest', () => {
    const { feed, hands } = started(2)
    expect(feed.settled).toBe(true)
    feed.publish(edition('b'))
    expect(feed.settled).toBe(false)
    feed.applied(hands[0]!)
    expect(feed.settled).toBe(false)
    feed.applied(hands[1]!)
    expect(feed.settled).toBe(true)
  })

  test('one that left, or does not listen yet, is not waited for', () => {
    const { feed, hands } = started(2)
    feed.publish(edition('b'))
    feed.applied(hands[0]!)
    feed.leave(hands[1]!)
    feed.join(handOf(2))
    expect(feed.settled).toBe(true)
    feed.leave(hands[0]!)
    expect(feed.settled).toBe(false)
  })

  test('a slow worker gets the newest when it has answered, and nothing between', () => {
    const { feed, hands } = started(1)
    for (const digest of ['b', 'c', 'd']) feed.publish(edition(digest))
    expect(hands[0]!.got).toEqual(['a>b'])
    feed.applied(hands[0]!)
    expect(hands[0]!.got).toEqual(['a>b', 'b>d'])
    expect(feed.settled).toBe(false)
    feed.applied(hands[0]!)
    expect(feed.settled).toBe(true)
  })

  test('an edit that is taken back while it is on its way is taken back there, too', () => {
    const { feed, hands } = started(1)
    feed.publish(edition('b'))
    feed.publish(edition('a'))
    feed.applied(hands[0]!)
    expect(hands[0]!.got).toEqual(['a>b', 'b>a'])
  })

  test('one that refuses the way and the whole keeps what it had and is not asked again', () => {
    const { feed, hands } = started(1)
    feed.publish(edition('b'))
    feed.refused(hands[0]!, 'it does not follow')
    feed.refused(hands[0]!, 'hosts: a list is wanted')
    expect(hands[0]!.got).toEqual(['a>b', 'b'])
    expect(feed.settled).toBe(false)
    expect(feed.statuses()).toEqual([
      { worker: 1, pid: 1001, listening: true, digest: 'a', problem: 'hosts: a list is wanted' },
    ])
    feed.publish(edition('c'))
    feed.applied(hands[0]!)
    expect(feed.statuses()).toEqual([{ worker: 1, pid: 1001, listening: true, digest: 'c' }])
  })

  test('a new worker that refuses the newest gets the last that another one serves', () => {
    const { feed, hands } = started(1)
    feed.publish(edition('b'))
    feed.refused(hands[0]!, 'no')
    feed.refused(hands[0]!, 'no')
    const fresh = handOf(2)
    feed.join(fresh)
    feed.refused(fresh, 'no')
    expect(fresh.got).toEqual(['a'])
    feed.applied(fresh)
    expect(fresh.got).toEqual(['a'])
  })

  test('one that refuses everything is left alone', () => {
    const feed = new SnapshotFeed()
    feed.publish(edition('a'))
    const hand = handOf(1)
    feed.join(hand)
    feed.refused(hand, 'no')
    expect(hand.got).toEqual([])
  })
})
