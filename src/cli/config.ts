import v8 from 'node:v8'

/**
 * Threads for getaddrinfo, files and signatures. Node's four can all wait for a name server that does not answer, and
 * then no token is verified.
 */
const threads = 16

/** Called once, before a regex has run and before the thread pool is used: afterwards nothing of this has an effect. */
export function settleProcess(): void {
  process.env['UV_THREADPOOL_SIZE'] ||= String(threads)
  // As `--disable-proto=delete`: no key of a foreign object is a way to the prototype of all objects.
  Reflect.deleteProperty(Object.prototype, '__proto__')
  v8.setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
}

/** What the environment says about the size of the thread pool; Node's own size without it. */
export const threadPoolSize = (): number => Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)
