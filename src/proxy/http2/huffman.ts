/**
 * The code of RFC 7541 Appendix B is canonical: codes of one length follow each other in the order of their symbols, so
 * that the lengths say it all. A digit in base 36 for each symbol; the last is EOS.
 */
const lengths =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca' +
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq' +
  'u'
const endOfString = 256
const none = -1
const emits = 0x1000000

/** Two children for each inner node; a leaf is `~symbol`. The root is 0. */
const children = buildTree()
/** What four bits do in each inner node: the next node, with `emits` a symbol in the second byte, -1 for EOS. */
const steps = buildSteps()
/** Where a text may end: behind at most seven bits of padding, all ones (RFC 7541 §5.2). */
const mayEnd = buildEnds()

function buildTree(): Int32Array {
  const tree = new Int32Array(2 * lengths.length)
  let nodes = 1
  let code = 0
  let length = 0
  const order = Array.from(lengths, (digit, symbol) => ({
    symbol,
    bits: Number.parseInt(digit, 36),
  }))
  order.sort((a, b) => a.bits - b.bits || a.symbol - b.symbol)
  for (const { symbol, bits } of order) {
    code *= 2 ** (bits - length)
    length = bits
    let node = 0
    for (let bit = bits - 1; bit > 0; bit--) {
      const at = 2 * node + ((code >>> bit) & 1)
      if (tree[at] === 0) tree[at] = nodes++
      node = tree[at] as number
    }
    tree[2 * node + (code & 1)] = ~symbol
    code++
  }
  return tree
}

function buildSteps(): Int32Array {
  const table = new Int32Array(16 * lengths.length)
  for (let at = 0; at < table.length; at++) table[at] = step(at >> 4, at & 15)
  return table
}

/** No code is shorter than five bits: four of them end at most one symbol. */
function step(from: number, nibble: number): number {
  let node = from
  let symbol = none
  for (let bit = 3; bit >= 0; bit--) {
    const next = children[2 * node + ((nibble >> bit) & 1)] as number
    if (next === ~endOfString) return none
    if (next < 0) symbol = ~next
    node = Math.max(next, 0)
  }
  return symbol === none ? node : node | (symbol << 8) | emits
}

function buildEnds(): Uint8Array {
  const ends = new Uint8Array(lengths.length)
  for (let node = 0, bits = 0; bits < 8; bits++) {
    ends[node] = 1
    node = children[2 * node + 1] as number
  }
  return ends
}

/** A text of so many coded bytes is at most so long. */
export const decodedAtMost = (bytes: number): number => Math.ceil((bytes * 8) / 5)

/** @returns how many bytes were written to `out`, -1 when the code is broken (H5) */
export function decodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
): number {
  let node = 0
  let size = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    let next = steps[(node << 4) | (byte >> 4)] as number
    if (next < 0) return -1
    if (next >= emits) out[size++] = (next >> 8) & 0xff
    next = steps[((next & 0xff) << 4) | (byte & 15)] as number
    if (next < 0) return -1
    if (next >= emits) out[size++] = (next >> 8) & 0xff
    node = next & 0xff
  }
  return mayEnd[node] === 1 ? size : -1
}
