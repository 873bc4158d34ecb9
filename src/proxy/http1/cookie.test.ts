import { describe, expect, test } from 'vitest'
import { cookieValue } from './cookie.ts'

describe('cookieValue', () => {
  test.each([
    ['the only one', ['sid=1'], '1'],
    ['one among others', ['a=b; sid=1; c=d'], '1'],
    ['in a second field', ['a=b', 'sid=1'], '1'],
    ['the first of two', ['sid=1; sid=2', 'sid=3'], '1'],
    ['without spaces', ['a=b;sid=1;c=d'], '1'],
    ['an empty value', ['sid='], ''],
    ['a value with =', ['sid=a=b=='], 'a=b=='],
    ['quotes as they are', ['sid="1"'], '"1"'],
    ['no field', [], undefined],
    ['an empty field', [''], undefined],
    ['a name without =', ['sid'], undefined],
    ['a name that only begins so', ['sid2=1; sidx=2'], undefined],
    ['a name that only ends so', ['xsid=1'], undefined],
    ['another case', ['SID=1'], undefined],
    ['a space before =', ['sid =1'], undefined],
    ['the name as a value', ['a=sid=1'], undefined],
  ])('%s', (_, fields, want) => expect(cookieValue(fields, 'sid')).toBe(want))

  test('names that objects have are names like any other', () => {
    expect(cookieValue(['a=b'], '__proto__')).toBeUndefined()
    expect(cookieValue(['__proto__=1'], '__proto__')).toBe('1')
  })
})
