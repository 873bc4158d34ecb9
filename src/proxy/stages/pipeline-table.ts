import type { Rule } from '../../model/snapshot.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { buildPipeline, type Pipeline } from './pipeline.ts'

/**
 * The pipelines of the rules in use, built at a rule's first request. A rule that a new snapshot brings
 * unchanged is the same object and keeps its pipeline, with all that the pipeline remembers.
 */
export class PipelineTable {
  readonly #runtime: Runtime
  readonly #pipelines = new WeakMap<Rule, Pipeline>()

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  of(rule: Rule): Pipeline {
    let pipeline = this.#pipelines.get(rule)
    if (pipeline === undefined) {
      pipeline = buildPipeline(rule, this.#runtime)
      this.#pipelines.set(rule, pipeline)
    }
    return pipeline
  }
}
