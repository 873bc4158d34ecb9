/** Up to here text and chunk become one latin1 string: Node writes it from the stack, without a Buffer of its own. */
const stringBytes = 16 * 1024

/**
 * One thing to write for a part of a message: text before, a borrowed chunk, text after. The result
 * shares no memory with the chunk.
 */
export function join(before: string, chunk: Buffer, after: string): string | Buffer {
  const size = before.length + chunk.length + after.length
  if (size <= stringBytes) return before + chunk.toString('latin1') + after
  const joined = Buffer.allocUnsafe(size)
  joined.write(before, 0, 'latin1')
  chunk.copy(joined, before.length)
  joined.write(after, size - after.length, 'latin1')
  return joined
}
