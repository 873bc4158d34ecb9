import { systemClock } from '../../src/base/clock.ts'
import { systemDice } from '../../src/base/dice.ts'
import { Metrics } from '../../src/base/metrics.ts'
import { openAccessLog } from '../../src/cli/access-observer.ts'
import { openMetrics } from '../../src/cli/process-metrics.ts'
import type { ClusterController } from '../../src/controller/cluster-controller.ts'
import { ControllerMetrics } from '../../src/controller/controller-metrics.ts'
import { ProxyMetrics } from '../../src/proxy/runtime/proxy-metrics.ts'
import { Supervisor } from '../../src/proxy/workers/supervisor.ts'

export interface RegisteredMetric {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly labelNames: readonly string[]
}

const log = { error() {}, warn() {}, info() {}, debug() {}, isDebug: () => false }

/** Every metric of ours that some process of the gateway has, by its name. */
export function registeredMetrics(): ReadonlyMap<string, RegisteredMetric> {
  const { metrics, loop } = openMetrics(systemClock)
  loop.close()
  new ProxyMetrics(metrics)
  openAccessLog({ file: 'off', writers: 'one', log, metrics })
  const nobody = { leads: false, proxies: [] } as unknown as ClusterController
  new ControllerMetrics(metrics).watch(nobody)
  const registered = [metrics, supervised()].flatMap(
    ({ registry }) => registry.getMetricsAsArray() as unknown as readonly RegisteredMetric[],
  )
  const ours = registered.filter(({ name }) => name.startsWith('fairlead_'))
  return new Map(ours.map((metric) => [metric.name, metric]))
}

function supervised(): Metrics {
  const metrics = new Metrics()
  const clock = systemClock
  const dice = systemDice
  const rest = { allowLoopback: false, execArgv: [], broken: () => {} }
  new Supervisor({ workers: 2, clock, dice, log, metrics, ...rest })
  return metrics
}
