import { expect, test } from 'vitest'
import { didYouMean } from './suggest.ts'

test.each([
  {
    name: 'a letter too few',
    wanted: 'oders',
    names: ['orders', 'users'],
    want: '; did you mean "orders"?',
  },
  {
    name: 'two letters swapped',
    wanted: 'odrers',
    names: ['orders'],
    want: '; did you mean "orders"?',
  },
  {
    name: 'the nearest of several',
    wanted: 'orders-ue',
    names: ['orders-us', 'orders-eu', 'orders-u'],
    want: '; did you mean "orders-u"?',
  },
  { name: 'a name that is far', wanted: 'payments', names: ['orders'], want: '' },
  { name: 'a short name that shares nothing', wanted: 'ab', names: ['xy'], want: '' },
  { name: 'no name at all', wanted: 'orders', names: [], want: '' },
])('didYouMean: $name', ({ wanted, names, want }) => {
  expect(didYouMean(wanted, names)).toBe(want)
})
