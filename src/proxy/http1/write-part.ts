/** Up to here text and chunk become one latin1 string: Node writes it from the stack, without a Buffer of its own. */
const stringBytes = 4096
const slabBytes = 80 * 1024

/** What is written to: a socket, as far as it matters here. */
interface Writer {
  write(data: string | Buffer, encoding?: BufferEncoding): boolean
  /** Bytes that the kernel did not take at once. */
  readonly writableLength: number
}

/** Larger parts are put together here. Whoever finds it in use by an unfinished write leaves it to that write. */
let slab = Buffer.allocUnsafeSlow(slabBytes)

/**
 * Writes text, a borrowed chunk and text as one. Nothing of the chunk is used after it returns.
 *
 * @returns false while something waits for the kernel
 */
export function writePart(socket: Writer, before: string, chunk: Buffer, after: string): boolean {
  const size = before.length + chunk.length + after.length
  if (size <= stringBytes) {
    socket.write(before + chunk.latin1Slice() + after, 'latin1')
    return socket.writableLength === 0
  }
  const isOversize = size > slabBytes
  const target = isOversize ? Buffer.allocUnsafeSlow(size) : slab
  if (before.length > 0) target.latin1Write(before, 0)
  chunk.copy(target, before.length)
  if (after.length > 0) target.latin1Write(after, size - after.length)
  socket.write(target.subarray(0, size))
  if (socket.writableLength === 0) return true
  if (!isOversize) slab = Buffer.allocUnsafeSlow(slabBytes)
  return false
}
