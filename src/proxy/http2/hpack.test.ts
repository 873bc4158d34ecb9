import http2 from 'node:http2'
import net from 'node:net'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { HeaderList } from '../http1/header-list.ts'
import type { Field } from './field.ts'
import { frameTypes } from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { encodeHead } from './hpack-encoder.ts'
import { Outbox } from './outbox.ts'

type Pairs = readonly (readonly [string, string])[]

function decode(decoder: HpackDecoder, block: Buffer): Pairs | undefined {
  const pairs: [string, string][] = []
  const field = ({ name, value }: Field) => void pairs.push([name, value])
  return decoder.decode(block, 0, block.length, { field }) ? pairs : undefined
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

const requests: readonly Pairs[] = [
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
  ],
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
    ['cache-control', 'no-cache'],
  ],
  [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/index.html'],
    [':authority', 'www.example.com'],
    ['custom-key', 'custom-value'],
  ],
]

const date = 'Mon, 21 Oct 2013 20:13:2'
const location = ['location', 'https://www.example.com'] as const
const responses: readonly Pairs[] = [
  [[':status', '302'], ['cache-control', 'private'], ['date', `${date}1 GMT`], location],
  [[':status', '307'], ['cache-control', 'private'], ['date', `${date}1 GMT`], location],
  [
    [':status', '200'],
    ['cache-control', 'private'],
    ['date', `${date}2 GMT`],
    location,
    ['content-encoding', 'gzip'],
    ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
  ],
]
/** A table of 256 bytes, as Appendix C.5 has it: entries must go. */
const small = '3fe101'

describe('RFC 7541 Appendix C', () => {
  test.each([
    [
      'C.3 requests',
      requests,
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
    ],
    [
      'C.4 requests in the code of Huffman',
      requests,
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
    ],
    [
      'C.5 answers',
      responses,
      [
        `${small} 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        '4803 3330 37c1 c0bf',
        '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
      ],
    ],
    [
      'C.6 answers in the code of Huffman',
      responses,
      [
        `${small} 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        '4883 640e ffc1 c0bf',
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
      ],
    ],
  ])('%s', (_, want, blocks) => {
    const decoder = new HpackDecoder()
    expect(blocks.map((block) => decode(decoder, hex(block)))).toEqual(want)
  })
})

describe('a block that is broken', () => {
  test.each([
    ['H5 index 0', '80'],
    ['H5 an index behind the static table', 'be'],
    ['H5 an index without an end', 'ff'],
    ['H5 an index of 2^28 and more', 'ff ffffffff7f'],
    ['H5 a name by an index that nothing stands at', '7f40 0161'],
    ['H5 a table of more than 4096 bytes', '3fe21f'],
    ['H5 a table of 2^32 bytes', '3fe1ffffff0f'],
    ['H5 another size behind a field', '82 20'],
    ['H5 a name that is longer than the block', '00 05 6161'],
    ['H5 a value that is longer than the block', '00 0161 7fff00'],
    ['H5 no value', '00 0161'],
    ['H5 nothing behind the form', '40'],
    ['H5 padding of more than seven bits', '00 0161 82 1fff'],
    ['H5 padding with zeros', '00 0161 81 18'],
    ['H5 EOS in a text', '00 0161 84 ffffffff'],
    ['H5 half a code', '00 0161 81 ff fe'],
  ])('%s', (_, block) => expect(decode(new HpackDecoder(), hex(block))).toBeUndefined())

  test('any bytes are fields or broken, and never more than they say', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const fields = decode(new HpackDecoder(), Buffer.from(bytes))
      expect(fields === undefined || fields.length <= bytes.length).toBe(true)
    })
    fc.assert(property, { numRuns: 2000 })
  })
})

test('H5 the table forgets the oldest first, and everything for one that is too large', () => {
  const decoder = new HpackDecoder()
  const at = (index: number) => decode(decoder, Buffer.from([0x80 | index]))?.[0]?.[0]
  const keep = (name: string, size: number) => {
    const length = size < 127 ? [size] : [127, size - 127]
    const head = Buffer.from([0x40, 1, name.charCodeAt(0), ...length])
    expect(decode(decoder, Buffer.concat([head, Buffer.alloc(size, 'x')]))).toHaveLength(1)
  }
  expect(decode(decoder, hex(small))).toEqual([])
  keep('a', 100)
  expect([at(62), at(63)]).toEqual(['a', undefined])
  keep('b', 80)
  expect([at(62), at(63)]).toEqual(['b', 'a'])
  keep('c', 90)
  expect([at(62), at(63), at(64)]).toEqual(['c', 'b', undefined])
  keep('d', 250)
  expect(at(62)).toBeUndefined()
})

/** A server that answers each request with the fields that it was sent, by our own HPACK both ways. */
async function startEcho(): Promise<number> {
  const server = net.createServer((socket) => {
    const decoder = new HpackDecoder()
    const out = new Outbox((bytes) => {
      socket.write(bytes)
      return false
    })
    const reader = new FrameReader({
      frame(head, bytes, start, end) {
        if (head.type !== frameTypes.headers) return
        // Node's client sends a priority with each.
        const from = (head.flags & 0x20) === 0 ? start : start + 5
        const pairs = decode(decoder, bytes.subarray(from, end)) ?? []
        const headers = new HeaderList()
        for (const [name, value] of pairs) if (!name.startsWith(':')) headers.add(name, value)
        const block = encodeHead(200, headers, -1)
        out.head(block.length, frameTypes.headers, 0x5, head.stream)
        out.text(block)
        out.flush()
      },
      data() {},
      part() {},
      dataEnd() {},
      broken() {},
    })
    out.head(0, frameTypes.settings, 0, 0)
    out.flush()
    let skipped = 0
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const start = Math.min(chunk.length, 24 - skipped)
      skipped += start
      reader.read(chunk, start, chunk.length)
    })
  })
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as net.AddressInfo).port
}

test('Node writes what we read, and reads what we write', async () => {
  const port = await startEcho()
  const session = http2.connect(`http://127.0.0.1:${port}`)
  onTestFinished(() => session.destroy())
  const name = fc.stringMatching(/^x-[a-z0-9]{1,12}$/)
  const value = fc.stringMatching(/^([!-~]([ -~]{0,60}[!-~])?)?$/)
  const known = fc.constantFrom('accept', 'user-agent', 'cache-control', 'content-type', 'via')
  const fields = fc.uniqueArray(fc.tuple(fc.oneof(name, known), value), {
    selector: ([key]) => key,
    maxLength: 20,
  })
  const property = fc.asyncProperty(fields, async (pairs) => {
    const stream = session.request(Object.fromEntries(pairs))
    const got = await new Promise<string[]>((resolve, reject) => {
      stream.on('error', reject)
      stream.on('response', (_head, _flags, raw?: string[]) => resolve(raw ?? []))
    })
    stream.resume()
    const answered = got.flatMap((text, i) =>
      i % 2 === 0 && text !== ':status' ? [[text, got[i + 1]]] : [],
    )
    expect(answered.sort()).toEqual(pairs.map(([key, text]) => [key, text]).sort())
  })
  await fc.assert(property, { numRuns: 300 })
})

describe('what is printed', () => {
  test.each([
    ['a line end in a value', 'x-a', 'b\r\nc'],
    ['a code unit above 0xFF', 'x-a', '\u010d\u010a'],
    ['an upper-case name', 'X-A', 'b'],
    ['a name that is no token', 'x a', 'b'],
  ])('U10 never holds %s', (_, name, value) => {
    const headers = new HeaderList()
    headers.add(name, value)
    expect(() => encodeHead(200, headers, -1)).toThrow('cannot be printed')
  })

  test.each([127, 128, 254, 255, 300, 16_511, 20_000])(
    'a value of %d bytes is read as it was',
    (size) => {
      const headers = new HeaderList()
      headers.add('set-cookie', 'c'.repeat(size))
      expect(
        decode(new HpackDecoder(), Buffer.from(encodeHead(599, headers, size), 'latin1')),
      ).toEqual([
        [':status', '599'],
        ['content-length', String(size)],
        ['set-cookie', 'c'.repeat(size)],
      ])
    },
  )
})
