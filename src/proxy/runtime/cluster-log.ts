import type { Log } from '../../base/log.ts'
import type { ClusterObserver, LiveCluster } from './cluster.ts'

/** What `counted` is told is said in the log, too: of a name that does not resolve, how it begins and how it ends. */
export function logged(counted: ClusterObserver, log: Log): ClusterObserver {
  const failing = new WeakSet<LiveCluster>()
  return {
    ...counted,
    unresolved(cluster, fault) {
      counted.unresolved(cluster, fault)
      if (failing.has(cluster)) return
      failing.add(cluster)
      log.warn('the name of a backend does not resolve; what was found before stays in use', {
        backend: cluster.name,
        hostname: fault.hostname,
        reason: fault.reason,
        endpoints: cluster.endpoints.length,
      })
    },
    resolved(cluster) {
      counted.resolved(cluster)
      failing.delete(cluster)
      const { name, endpoints, resolution } = cluster
      log.info('the name of a backend resolves again', {
        backend: name,
        hostname: resolution?.hostname,
        endpoints: endpoints.length,
      })
    },
  }
}
