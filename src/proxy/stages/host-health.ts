import type { Rule } from '../../model/snapshot.ts'
import { HeaderList } from '../http1/header-list.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { sendHead } from './answer.ts'
import type { Exchange } from './exchange.ts'

/** Where DNS health checks ask, when the settings say so. */
export const healthPath = '/.well-known/fairlead/health'

/** 200 while this region can serve something of the host, 503 when nothing behind it is healthy or nothing is there. */
export function answerHealth(exchange: Exchange): void {
  const { runtime, request } = exchange
  const entries = runtime.router.table(request.head.hostname)?.host.entries ?? []
  const isServing = entries.some(({ rule }) => canServe(rule, runtime))
  const body = Buffer.from(isServing ? 'ok\n' : 'down\n')
  const headers = new HeaderList()
  headers.add('content-type', 'text/plain')
  headers.add('cache-control', 'no-store')
  sendHead(exchange, isServing ? 200 : 503, headers, body.length)
  exchange.reply.write(body)
  exchange.reply.end()
}

function canServe({ action }: Rule, { clusters }: Runtime): boolean {
  if (action.kind !== 'forward') return action.kind !== 'invalid'
  return action.backends.some(
    ({ cluster, weight }) =>
      weight > 0 && clusters.get(cluster)?.endpoints.some(({ healthy }) => healthy) === true,
  )
}
