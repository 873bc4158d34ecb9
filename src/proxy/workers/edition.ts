import { encodeControllerMessage } from '../../model/push-message.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { deltaOf } from '../../model/snapshot-delta.ts'

/** The push channel tells old from new by this; a pipe to a worker keeps its order. */
const moment = { epoch: 0, sequence: 0 }

/** One snapshot on its way to the workers. Its texts are made once, however many workers there are. */
export class Edition {
  readonly snapshot: Snapshot
  #whole: string | undefined
  #delta: { readonly from: string; readonly text: string } | undefined

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot
  }

  get digest(): string {
    return this.snapshot.digest
  }

  /** For a worker that has nothing. */
  whole(): string {
    const { snapshot } = this
    this.#whole ??= encodeControllerMessage({ type: 'snapshot', ...moment, snapshot })
    return this.#whole
  }

  /** For one that has another snapshot: one edited route costs one route there, too. */
  since(before: Snapshot): string {
    if (this.#delta?.from !== before.digest) {
      const delta = deltaOf(before, this.snapshot)
      const text = encodeControllerMessage({ type: 'delta', ...moment, delta })
      this.#delta = { from: before.digest, text }
    }
    return this.#delta.text
  }
}
