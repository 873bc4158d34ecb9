import { bounded, type ProxyReport } from '../../model/proxy-report.ts'
import { Failovers } from './failovers.ts'
import { isPending, troublesOf } from './live-conditions.ts'
import type { Runtime } from './runtime.ts'

/** What a runtime knows that nobody else does, each time it is asked. */
export function reporterOf(runtime: Runtime): () => ProxyReport {
  const failovers = new Failovers(runtime)
  return () => {
    const authorizers = [...runtime.authorizers.values()]
    return bounded({
      pending: authorizers.filter(isPending).map(({ config }) => config.id),
      issuers: authorizers.flatMap(troublesOf),
      failovers: failovers.current,
    })
  }
}
