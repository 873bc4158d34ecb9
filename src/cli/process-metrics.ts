import type { Clock } from '../base/clock.ts'
import { EventLoop } from '../base/event-loop.ts'
import { Metrics } from '../base/metrics.ts'

/** The metrics of this process, with what every process of the gateway tells of itself. */
export function openMetrics(clock: Clock): { readonly metrics: Metrics; readonly loop: EventLoop } {
  const metrics = new Metrics().withProcess()
  const delays = metrics.histogram(
    'fairlead_event_loop_delay_seconds',
    'How late the event loop came round, sampled every 100 ms.',
    [],
  )
  metrics.overflows(
    'fairlead_metrics_overflows',
    'Label sets that a metric had no room for; they are counted in one series that says other.',
  )
  return { metrics, loop: new EventLoop(clock, delays.series()) }
}
