import fs from 'node:fs'
import net from 'node:net'

/** Where lines go. One write at a time. */
export interface Sink {
  /** A regular file: nobody reads it as it is written. */
  readonly isFile: boolean
  /** After an error nobody knows how much was taken, and it is of no further use. */
  readonly isPipe: boolean
  /** Never waits. `done` gets how many bytes were taken, or why none were. */
  write(
    bytes: Buffer,
    done: (error: NodeJS.ErrnoException | undefined, written: number) => void,
  ): void
  /** Ends a write that is stuck, too. */
  close(): void
  /** For the last moment of a process: takes what can be taken at once. Throws Node's error. */
  writeNow(bytes: Buffer): void
}

const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = fs.constants
const standardOutput = 1

/**
 * Opens a file or a pipe for appending, without ever waiting for a reader. Undefined for a pipe that nobody reads:
 * ask again later. Throws Node's error.
 *
 * @param file a path, or '-' for standard output
 */
export function openSink(file: string): Sink | undefined {
  if (file === '-') return openStandardOutput()
  try {
    const descriptor = fs.openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o640)
    return fs.fstatSync(descriptor).isFIFO() ? pipeSink(descriptor) : fileSink(descriptor)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return undefined
    throw error
  }
}

/**
 * A pipe is opened anew: a reader who stops reading must block none of Node's few threads, and the flag that sees to it
 * must not reach those who share our descriptor.
 */
function openStandardOutput(): Sink {
  if (!fs.fstatSync(standardOutput).isFIFO()) return fileSink(standardOutput)
  try {
    return pipeSink(fs.openSync(`/proc/self/fd/${standardOutput}`, O_WRONLY | O_NONBLOCK))
  } catch {
    return fileSink(standardOutput)
  }
}

/** Files do not block, and are not polled: a thread writes. */
const fileSink = (descriptor: number): Sink => ({
  isFile: fs.fstatSync(descriptor).isFile(),
  isPipe: false,
  write: (bytes, done) =>
    fs.write(descriptor, bytes, (error, written) => done(error ?? undefined, written)),
  close: () => {
    if (descriptor !== standardOutput) fs.close(descriptor, () => {})
  },
  writeNow: (bytes) => void fs.writeSync(descriptor, bytes),
})

/** The event loop waits for the reader. */
function pipeSink(descriptor: number): Sink {
  const socket = new net.Socket({ fd: descriptor, readable: false, writable: true }).unref()
  // Whoever writes is told; nobody else is interested.
  socket.on('error', () => {})
  return {
    isFile: false,
    isPipe: true,
    write: (bytes, done) =>
      void socket.write(bytes, (error) => done(error ?? undefined, error ? 0 : bytes.length)),
    close: () => void socket.destroy(),
    writeNow: (bytes) => {
      if (!socket.destroyed) fs.writeSync(descriptor, bytes)
    },
  }
}
