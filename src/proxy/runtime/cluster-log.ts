import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { ClusterObserver, LiveCluster } from './cluster.ts'
import type { LiveEndpoint } from './endpoint.ts'

type Event = 'ejected' | 'recovered' | 'unresolved' | 'resolved'

/** Lines a second. A region that goes takes hundreds of endpoints with it: what is beyond is counted, and told in one line. */
const mostLines = 5
const windowMs = 1000

/** What `counted` is told is said in the log, too. Of a name that does not resolve only how it begins and how it ends. */
export function logged(counted: ClusterObserver, log: Log, clock: Clock): ClusterObserver {
  const failing = new WeakSet<LiveCluster>()
  const tell = bounded(log, clock)
  return {
    ejected(cluster, endpoint, reason) {
      counted.ejected(cluster, endpoint, reason)
      tell('ejected', () =>
        log.warn('an endpoint is taken out of rotation', {
          ...placeOf(cluster, endpoint),
          reason,
          lastFailure: endpoint.lastFailure?.outcome,
          why: endpoint.lastFailure?.reason,
        }),
      )
    },
    recovered(cluster, endpoint) {
      counted.recovered(cluster, endpoint)
      tell('recovered', () =>
        log.info('an endpoint is back in rotation', placeOf(cluster, endpoint)),
      )
    },
    unresolved(cluster, fault) {
      counted.unresolved(cluster, fault)
      if (failing.has(cluster)) return
      failing.add(cluster)
      const { hostname, reason } = fault
      tell('unresolved', () =>
        log.warn('the name of a backend does not resolve; what was found before stays in use', {
          backend: cluster.name,
          hostname,
          reason,
          endpoints: cluster.endpoints.length,
        }),
      )
    },
    resolved(cluster) {
      counted.resolved(cluster)
      failing.delete(cluster)
      const { name, endpoints, resolution } = cluster
      tell('resolved', () =>
        log.info('the name of a backend resolves again', {
          backend: name,
          hostname: resolution?.hostname,
          endpoints: endpoints.length,
        }),
      )
    },
  }
}

const placeOf = ({ name }: LiveCluster, { address, port }: LiveEndpoint) => ({
  backend: name,
  endpoint: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
})

function bounded(log: Log, clock: Clock): (event: Event, line: () => void) => void {
  let written = 0
  let beyond: Partial<Record<Event, number>> = {}
  let isOpen = false
  const turn = () => {
    if (Object.keys(beyond).length > 0)
      log.warn('more backends changed than have a line of their own', beyond)
    written = 0
    beyond = {}
    isOpen = false
  }
  return (event, line) => {
    if (!isOpen) clock.after(windowMs, turn)
    isOpen = true
    if (written++ < mostLines) line()
    else beyond[event] = (beyond[event] ?? 0) + 1
  }
}
