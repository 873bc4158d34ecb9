import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { seededDice } from '../../src/base/dice.ts'

/** What the process of one region is told when it starts. */
export interface RegionPlan {
  readonly region: string
  /** It listens on each of them, at the same port: its endpoints. */
  readonly addresses: readonly string[]
  readonly port: number
  /** How long one request takes it. */
  readonly workMs: number
  readonly seed: number
}

/** `half`: 503 to a random half; `slow`: twenty times the work. */
export type Behaviour = 'well' | 'half' | 'slow'

export type Order = { readonly behave: Behaviour } | { readonly count: true }

/** What the region answers to `count`. Probes are not counted. */
export interface Counted {
  readonly requests: number
}

/** The backend's side: runs in a process of its own, so that it can be killed or stopped like one. */
export function serveRegion(plan: RegionPlan): void {
  const dice = seededDice(plan.seed)
  let behaviour: Behaviour = 'well'
  let requests = 0
  process.on('message', (order: Order) => {
    if ('behave' in order) behaviour = order.behave
    else process.send?.({ requests } satisfies Counted)
  })
  // Whoever started this process is gone.
  process.on('disconnect', () => process.exit(0))

  const answer = (request: IncomingMessage, response: ServerResponse, bytes: number) => {
    const fails = behaviour === 'half' && dice() < 0.5
    const { 'x-nonce': nonce, 'x-version': version } = request.headers
    const body = JSON.stringify({ nonce, region: plan.region, bytes, version })
    const length = Buffer.byteLength(body)
    const headers = { 'content-type': 'application/json', 'content-length': length }
    response.writeHead(fails ? 503 : 200, headers).end(body)
  }
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/healthz') return void response.end('ok')
    requests++
    let bytes = 0
    request.on('data', (chunk: Buffer) => (bytes += chunk.length))
    request.on('end', () => {
      const workMs = plan.workMs * (behaviour === 'slow' ? 20 : 1)
      setTimeout(() => answer(request, response, bytes), workMs * (0.8 + 0.4 * dice()))
    })
    request.on('error', () => response.destroy())
  }

  let open = 0
  for (const address of plan.addresses) {
    const server = createServer({ keepAliveTimeout: 65_000 }, handle)
    server.listen({ host: address, port: plan.port, backlog: 511 }, () => {
      if (++open === plan.addresses.length) process.send?.('listening')
    })
  }
}
