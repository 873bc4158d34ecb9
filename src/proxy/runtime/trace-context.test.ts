import { describe, expect, test } from 'vitest'
import { isSampled, traceIdOf, traceIdOfAmazon } from './trace-context.ts'

const id = '4bf92f3577b34da6a3ce929d0e0e4736'
const span = '00f067aa0ba902b7'

describe('traceparent', () => {
  test.each<readonly [string, string, string | undefined]>([
    ['version 00', `00-${id}-${span}-01`, id],
    ['not sampled', `00-${id}-${span}-00`, id],
    ['a later version', `01-${id}-${span}-01`, id],
    ['a later version with more', `cc-${id}-${span}-01-what`, id],
    ['version 00 with more', `00-${id}-${span}-01-what`, undefined],
    ['a later version with something else', `cc-${id}-${span}-01.what`, undefined],
    ['version ff', `ff-${id}-${span}-01`, undefined],
    ['no trace', `00-${'0'.repeat(32)}-${span}-01`, undefined],
    ['no span', `00-${id}-${'0'.repeat(16)}-01`, undefined],
    ['upper case', `00-${id.toUpperCase()}-${span}-01`, undefined],
    ['too short', `00-${id.slice(1)}-${span}-01`, undefined],
    ['empty', '', undefined],
  ])('%s', (_, value, want) => expect(traceIdOf(value)).toBe(want))

  test('the sampled flag is the lowest bit', () => {
    expect(isSampled(`00-${id}-${span}-01`)).toBe(true)
    expect(isSampled(`00-${id}-${span}-03`)).toBe(true)
    expect(isSampled(`00-${id}-${span}-02`)).toBe(false)
    expect(isSampled(`ff-${id}-${span}-01`)).toBe(false)
    expect(isSampled(undefined)).toBe(false)
  })
})

test('the trace id of a load balancer', () => {
  const root = `Root=1-${id.slice(0, 8)}-${id.slice(8)}`
  expect(traceIdOfAmazon(root)).toBe(id)
  expect(traceIdOfAmazon(`Self=1-67891234-12456789abcdef012345678; ${root};Sampled=1`)).toBe(id)
  expect(traceIdOfAmazon('Root=1-xyz')).toBeUndefined()
  expect(traceIdOfAmazon('')).toBeUndefined()
})
