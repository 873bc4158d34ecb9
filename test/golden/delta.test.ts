import { describe, expect, test } from 'vitest'
import { createCompiler } from '../../src/controller/compile/compile.ts'
import { digestFault } from '../../src/model/digest-check.ts'
import { decodeControllerMessage, encodeControllerMessage } from '../../src/model/push-message.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { applyDelta, deltaOf, type SnapshotDelta } from '../../src/model/snapshot-delta.ts'
import { caseNames, optionsOf, readCase, worldOf } from './case.ts'

const snapshots = caseNames().map((name) => {
  const manifests = readCase(name)
  return [name, createCompiler()(worldOf(manifests), optionsOf(manifests)).snapshot] as const
})

/** Over the wire and back. */
function travelled(delta: SnapshotDelta): SnapshotDelta {
  const text = encodeControllerMessage({ type: 'delta', epoch: 1, sequence: 2, delta })
  const decoded = decodeControllerMessage(text)
  if (!('message' in decoded) || decoded.message.type !== 'delta')
    throw new Error(JSON.stringify(decoded))
  return decoded.message.delta
}

describe('a delta leads from any snapshot to any other', () => {
  test.each(
    snapshots.map(
      ([name, after], i) => [name, snapshots.at(i - 1)?.[1] as Snapshot, after] as const,
    ),
  )('to %s', (_, before, after) => {
    const result = applyDelta(before, travelled(deltaOf(before, after)))
    expect(result).toEqual(after)
    expect(digestFault(result)).toBeUndefined()
  })

  test('and says nothing where nothing changed', () => {
    for (const [, snapshot] of snapshots) {
      const delta = deltaOf(snapshot, snapshot)
      expect(applyDelta(snapshot, delta)).toEqual(snapshot)
      expect(applyDelta(snapshot, delta).hosts).toBe(snapshot.hosts)
    }
  })

  test('parts that are not named stay the same objects', () => {
    const [, first] = snapshots.find(
      ([, { hosts }]) => hosts.length > 1,
    ) as (typeof snapshots)[number]
    const [gone, ...hosts] = first.hosts
    const after = applyDelta(first, deltaOf(first, { ...first, digest: 'x', hosts }))
    expect(after.hosts).toHaveLength(first.hosts.length - 1)
    for (const host of after.hosts) expect(first.hosts).toContain(host)
    expect(after.hosts).not.toContain(gone)
  })
})

describe('K5: a delta on another snapshot than it was made for', () => {
  test('gives a snapshot whose digest is not true', () => {
    const hostnames = ({ hosts }: Snapshot) => hosts.map(({ hostname }) => hostname)
    const all = snapshots.map(([, snapshot]) => snapshot)
    const [a, b] = all.filter(({ hosts }) => hosts.length === 1)
    const known = [...hostnames(a as Snapshot), ...hostnames(b as Snapshot)]
    const c = all.find((each) => hostnames(each).some((hostname) => !known.includes(hostname)))
    const delta = deltaOf(a as Snapshot, b as Snapshot)
    expect(digestFault(applyDelta(c as Snapshot, delta))).toMatch(/does not match/)
  })
})

test('a snapshot survives the channel', () => {
  for (const [, snapshot] of snapshots) {
    const message = { type: 'snapshot', epoch: 3, sequence: 9, snapshot } as const
    expect(decodeControllerMessage(encodeControllerMessage(message))).toEqual({ message })
  }
})
