import client from 'prom-client'

/** All series of one process, as plain data that can be sent to another. */
export type Samples = client.MetricObjectWithValues<client.MetricValue<string>>[]

/** One process's own, from its registry. */
export async function samplesOf(registry: client.Registry): Promise<Samples> {
  const samples = await registry.getMetricsAsJSON()
  return samples.map((metric) => ({ ...metric, aggregator: howToAdd(metric) }))
}

/** An average over processes hides the one that is in trouble; a start that is left out is missed. */
function howToAdd({ name, aggregator }: Samples[number]): client.Aggregator {
  if (name === 'process_start_time_seconds') return 'min'
  return aggregator === 'average' ? 'max' : aggregator
}

/** Adds up several processes; a gauge whose sum says nothing is the highest or the lowest of them. */
export const sumOf = (parts: readonly Samples[]): client.Registry =>
  client.AggregatorRegistry.aggregate([...parts])

/** What is left of a process that has ended: its counts, without which sums would fall. Its gauges are nobody's. */
export const lasting = (samples: Samples): Samples =>
  samples.filter(({ type }) => ['counter', 'histogram'].includes(String(type)))
