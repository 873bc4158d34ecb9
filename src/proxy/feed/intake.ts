import {
  type ControllerMessage,
  isOlder,
  type Moment,
  type ProxyMessage,
} from '../../model/push-message.ts'
import { applyDelta } from '../../model/snapshot-delta.ts'
import { checked } from '../../model/wire.ts'
import type { Held } from './last-good-file.ts'

type Configuration = Extract<ControllerMessage, { type: 'snapshot' | 'delta' }>

/** Takes a configuration into force, or throws and leaves the one before in force. */
export type Apply = (held: Held) => void | Promise<void>

/** What a proxy has, and the judge of what it is sent: newer, whole and true, or refused with the reason (architecture.md, 7 and 9). */
export class Intake {
  readonly #apply: Apply
  #held: Held | undefined

  constructor(apply: Apply) {
    this.#apply = apply
  }

  /** What is in force. */
  get held(): Held | undefined {
    return this.#held
  }

  /** What was found on disk. Throws when it cannot be applied. */
  async restore(held: Held): Promise<void> {
    await this.#apply(held)
    this.#held = held
  }

  /** @returns the answer to the controller */
  async take(message: Configuration): Promise<ProxyMessage> {
    const { epoch, sequence } = message
    const moment = { epoch, sequence }
    const problem = await this.#problemOf(message, moment)
    const digest = this.#held?.snapshot.digest ?? ''
    return problem === undefined
      ? { type: 'ack', ...moment, digest }
      : { type: 'nack', ...moment, digest, problems: [problem] }
  }

  async #problemOf(message: Configuration, moment: Moment): Promise<string | undefined> {
    const held = this.#held
    if (held !== undefined && isOlder(moment, held))
      return `epoch ${moment.epoch}, sequence ${moment.sequence} is older than what is in force: ${held.epoch}, ${held.sequence}`
    const result = this.#snapshotOf(message)
    if ('problem' in result) return result.problem
    const isKnown = result.snapshot.digest === held?.snapshot.digest
    if (isKnown && !isOlder(held, moment)) return undefined
    const next = { ...moment, snapshot: result.snapshot }
    try {
      if (!isKnown) await this.#apply(next)
    } catch (error) {
      return `it cannot be applied: ${error instanceof Error ? error.message : String(error)}`
    }
    this.#held = next
    return undefined
  }

  #snapshotOf(message: Configuration): ReturnType<typeof checked> {
    if (message.type === 'snapshot') return { snapshot: message.snapshot }
    const held = this.#held?.snapshot
    if (held?.digest === message.delta.to && this.#isFrom(message)) return { snapshot: held }
    if (held?.digest !== message.delta.from)
      return {
        problem: `a change of ${message.delta.from}, but ${held?.digest ?? 'nothing'} is in force`,
      }
    return checked(applyDelta(held, message.delta), held)
  }

  /** What is in force came with this very message: it has come twice. */
  #isFrom({ epoch, sequence }: Moment): boolean {
    return this.#held?.epoch === epoch && this.#held.sequence === sequence
  }
}
