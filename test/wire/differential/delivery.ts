import { RawClient } from '../../harness/client.ts'
import { turns } from '../../harness/deliver.ts'

export interface Delivered {
  /** By which the gateway's exchanges of this connection are known. */
  readonly localPort: number
  /** Of each final answer, in order. */
  readonly statuses: readonly string[]
}

/**
 * Sends bytes on a connection of their own, cut at these positions, each part after a turn of the event loop, so that
 * the gateway reads it by itself. Then waits for so many answers, half-closes, and waits until the gateway is through.
 */
export async function deliver(
  port: number,
  text: string,
  cuts: readonly number[],
  answers: number,
): Promise<Delivered> {
  const client = new RawClient(port)
  await client.connected()
  const localPort = client.socket.localPort ?? 0
  let from = 0
  for (const to of [...cuts, text.length]) {
    if (client.over) break
    client.send(text.slice(from, to))
    from = to
    if (to < text.length) await turns(1)
  }
  await client.until(new RegExp(`(${answer.source}[^]*){${answers}}`))
  client.socket.end()
  const all = await client.untilOver()
  client.leave()
  return { localPort, statuses: [...all.matchAll(answer)].map(([, status]) => status as string) }
}

const answer = /HTTP\/1\.1 ([2-5][0-9][0-9]) /g
