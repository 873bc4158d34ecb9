import { RawClient } from './client.ts'

/** One way to cut bytes into writes. */
export type Cuts = readonly string[]

/** Beyond this many bytes an input is split at a sample of its bytes: both ends and every nth between. */
const longInput = 600
const sampled = 48

/** Whole, split at every byte, and one byte a write. */
export function cutsOf(input: string): readonly Cuts[] {
  const splits = splitPoints(input.length).map((at) => [input.slice(0, at), input.slice(at)])
  return [[input], ...splits, [...input]]
}

function splitPoints(length: number): number[] {
  const all = Array.from({ length: Math.max(length - 1, 0) }, (_, i) => i + 1)
  if (length <= longInput) return all
  const step = Math.ceil(length / sampled)
  return all.filter((at) => at < sampled || at > length - sampled || at % step === 0)
}

/** A turn of the event loop: what was written before it has been read by everybody in this process after it. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Several turns, for what passes from hand to hand. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}

/**
 * Opens a connection for each way and writes in step: the next part leaves when the one before has been read, so that
 * each part is a read of its own on the other side. A part for a connection that is over is not written.
 *
 * @param after one more write at the end of each
 */
export async function deliver(
  port: number,
  ways: readonly Cuts[],
  after = '',
): Promise<readonly RawClient[]> {
  const clients = ways.map(() => new RawClient(port))
  await Promise.all(clients.map((client) => client.connected()))
  // A turn of the loop accepts one connection.
  await turns(clients.length + 2)
  const most = Math.max(...ways.map((parts) => parts.length))
  for (let i = 0; i <= most; i++) {
    let wrote = false
    ways.forEach((parts, k) => {
      const part = i === parts.length ? after : (parts[i] ?? '')
      const client = clients[k] as RawClient
      if (part === '' || client.over) return
      client.send(part)
      wrote = true
    })
    if (wrote) await turn()
  }
  return clients
}
