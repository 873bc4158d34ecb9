import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from './header-list.ts'

/** A list as the parser fills it: lines in printable form are placed, the others added. */
function listOf(...lines: readonly string[]): HeaderList {
  const list = new HeaderList()
  const text = lines.map((line) => `${line}\r\n`).join('')
  list.from(text)
  let at = 0
  for (const line of lines) {
    const [name = '', value = ''] = line.split(/: ?/)
    const end = at + line.length + 2
    if (line === `${name}: ${value}`) list.place(name.toLowerCase(), at, end)
    else list.add(name.toLowerCase(), value)
    at = end
  }
  return list
}

const linesOf = (list: HeaderList): string[] => list.print().split('\r\n').slice(0, -1)

describe('HeaderList', () => {
  test('fields keep their order and repeat', () => {
    const list = listOf('a: 1', 'b:2', 'A: 3', 'a: 1')
    expect(list.size).toBe(4)
    expect(list.names).toEqual(['a', 'b', 'a', 'a'])
    expect(list.all('a')).toEqual(['1', '3', '1'])
    expect(list.get('a')).toBe('1')
    expect(linesOf(list)).toEqual(['a: 1', 'b: 2', 'A: 3', 'a: 1'])
  })

  test('what is not there is undefined, absent and empty', () => {
    const list = listOf('a: 1')
    expect([list.get('b'), list.has('b'), list.all('b')]).toEqual([undefined, false, []])
  })

  test('set leaves one field, in the place of the first', () => {
    const list = listOf('a: 1', 'b: 2', 'a: 3', 'c: 4', 'a: 5')
    list.set('a', 'x')
    expect(linesOf(list)).toEqual(['a: x', 'b: 2', 'c: 4'])
    list.set('d', 'new')
    expect(linesOf(list).at(-1)).toBe('d: new')
  })

  test('one of several is replaced in its place', () => {
    const list = listOf('a: 1', 'a: 2', 'a: 3')
    list.replaceAt(1, 'x')
    expect(linesOf(list)).toEqual(['a: 1', 'a: x', 'a: 3'])
    expect(list.valueAt(1)).toBe('x')
  })

  test('remove takes every field of a name, and nothing else', () => {
    const list = listOf('a: 1', 'b: 2', 'A: 3', 'ab: 4')
    list.remove('a')
    list.remove('none')
    expect(linesOf(list)).toEqual(['b: 2', 'ab: 4'])
  })

  test('removeAny and filter keep the others in order', () => {
    const list = listOf('a: 1', 'b: 2', 'c:3', 'd: 4', 'b: 5', 'e: 6')
    list.removeAny(new Set(['b', 'x']))
    expect(linesOf(list)).toEqual(['a: 1', 'c: 3', 'd: 4', 'e: 6'])
    list.filter((name) => name !== 'a' && name !== 'e')
    expect(linesOf(list)).toEqual(['c: 3', 'd: 4'])
    expect(list.all('d')).toEqual(['4'])
  })

  test('names that objects have are names like any other (R14)', () => {
    const list = listOf('__proto__: 1', 'constructor: 2', 'toString: 3')
    expect(list.get('__proto__')).toBe('1')
    expect(list.get('constructor')).toBe('2')
    expect(list.get('hasownproperty')).toBeUndefined()
    list.set('__proto__', 'x')
    list.removeAny(new Set(['tostring']))
    expect(linesOf(list)).toEqual(['__proto__: x', 'constructor: 2'])
  })

  test('a value that was read is the one that is printed', () => {
    const list = listOf('A: b', 'c: d')
    expect([list.valueAt(0), list.valueAt(0), list.get('c')]).toEqual(['b', 'b', 'd'])
    expect(linesOf(list)).toEqual(['A: b', 'c: d'])
  })

  test('the tail goes last', () => {
    const list = listOf('a: 1')
    list.tail = 'via: x\r\n'
    expect(list.print()).toBe('a: 1\r\nvia: x\r\n')
  })

  test.each([
    ['CR', 'a\rb'],
    ['LF', 'a\nb'],
    ['NUL', 'a\0b'],
    ['what Node would cut to CR and LF', '\u010d\u010a'],
  ])('U10: %s in a value or a name that was set is never printed', (_, text) => {
    const value = new HeaderList()
    value.add('x', text)
    expect(() => value.print()).toThrow('the field "x" cannot be printed')
    const name = new HeaderList()
    name.set(text, 'x')
    expect(() => name.print()).toThrow('cannot be printed')
    const replaced = listOf('a: 1')
    replaced.replaceAt(0, text)
    expect(() => replaced.print()).toThrow('cannot be printed')
  })

  test('a plain array of pairs does the same under any sequence of edits', () => {
    const name = fc.constantFrom('a', 'b', 'c')
    const edit = fc.tuple(
      fc.constantFrom('add', 'set', 'remove', 'removeAny', 'filter', 'read'),
      name,
    )
    const property = fc.property(
      fc.array(fc.tuple(name, fc.boolean()), { maxLength: 6 }),
      fc.array(edit, { maxLength: 8 }),
      (start, edits) => {
        const list = listOf(...start.map(([key, placed], i) => `${key}:${placed ? ' ' : ''}${i}`))
        let pairs = start.map(([key], i): [string, string] => [key, String(i)])
        for (const [what, key] of edits) {
          if (what === 'read') expect(list.all(key)).toEqual(valuesOf(pairs, key))
          else pairs = naively(what, key, list, pairs)
        }
        expect(linesOf(list)).toEqual(pairs.map(([key, value]) => `${key}: ${value}`))
      },
    )
    fc.assert(property, { numRuns: 1000 })
  })
})

type Pairs = [string, string][]
const valuesOf = (pairs: Pairs, key: string) =>
  pairs.filter(([name]) => name === key).map(([, v]) => v)

/** Does the same to both; answers the pairs. */
function naively(what: string, key: string, list: HeaderList, pairs: Pairs): Pairs {
  const others = pairs.filter(([name]) => name !== key)
  if (what === 'add') {
    list.add(key, 'new')
    return [...pairs, [key, 'new']]
  }
  if (what === 'set') {
    list.set(key, 'set')
    const at = pairs.findIndex(([name]) => name === key)
    if (at < 0) return [...pairs, [key, 'set']]
    return pairs.with(at, [key, 'set']).filter(([name], i) => name !== key || i === at)
  }
  if (what === 'remove') list.remove(key)
  else if (what === 'removeAny') list.removeAny(new Set([key]))
  else list.filter((name) => name !== key)
  return others
}
