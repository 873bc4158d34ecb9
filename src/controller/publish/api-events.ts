import { createHash } from 'node:crypto'
import type { ApiClient } from '../../base/api-client.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { wait } from '../../base/wait.ts'
import type { ObjectStatus } from '../../model/problem.ts'
import { apiTime, ourVersion, unless } from './api-objects.ts'
import type { ObjectEvent } from './events.ts'

export interface EventWriterOptions {
  readonly client: ApiClient
  readonly clock: Clock
  readonly log: Log
  /** Of the controller that reports: its Pod. */
  readonly identity: string
}

interface Pending {
  readonly about: ObjectStatus
  readonly event: ObjectEvent
}

const mostWaiting = 256
/** 20 a second at most: Events are a courtesy and never a load. */
const paceMs = 50
/** The API server keeps Events for an hour by default; what is forgotten here starts at one again. */
const mostRemembered = 4096
/** `message` of a core/v1 Event. */
const longestMessage = 1024

/**
 * Writes Events, one after the other. The same thing told again counts up. What cannot be written, or comes faster than
 * it can, is left out: conditions say the same.
 */
export class EventWriter {
  readonly #options: EventWriterOptions
  readonly #stop = new AbortController()
  readonly #counts = new Map<string, number>()
  readonly #waiting: Pending[] = []
  #working = false

  constructor(options: EventWriterOptions) {
    this.#options = options
  }

  tell(about: ObjectStatus, events: readonly ObjectEvent[]): void {
    for (const event of events)
      if (this.#waiting.length < mostWaiting) this.#waiting.push({ about, event })
    if (!this.#working) void this.#work()
  }

  close(): void {
    this.#stop.abort()
    this.#waiting.length = 0
  }

  async #work(): Promise<void> {
    this.#working = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { about, event } = next
      await this.#write(about, event).catch((error: unknown) =>
        this.#options.log.debug('an Event cannot be written', {
          object: `${about.kind} ${about.namespace}/${about.name}`,
          error,
        }),
      )
      await wait(this.#options.clock, paceMs, this.#stop.signal)
    }
    this.#working = false
  }

  async #write(about: ObjectStatus, event: ObjectEvent): Promise<void> {
    const name = nameOf(about, event)
    const known = this.#counts.get(name)
    const isWritten =
      known === undefined
        ? await this.#create(about, event, name)
        : await this.#repeat(about, name, known + 1)
    if (isWritten) return
    if (known === undefined) await this.#repeat(about, name, 2)
    else await this.#create(about, event, name)
  }

  #remember(name: string, count: number): void {
    this.#counts.delete(name)
    this.#counts.set(name, count)
    const [oldest] = this.#counts.keys()
    if (this.#counts.size > mostRemembered && oldest !== undefined) this.#counts.delete(oldest)
  }

  /** False when there is one of that name. */
  async #create(about: ObjectStatus, event: ObjectEvent, name: string): Promise<boolean> {
    const { client, clock, identity } = this.#options
    const now = apiTime(clock.wallMs())
    const path = pathOf(about)
    const body = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace: about.namespace, name },
      involvedObject: {
        apiVersion: ourVersion,
        kind: about.kind,
        namespace: about.namespace,
        name: about.name,
        uid: about.uid,
      },
      type: event.type,
      reason: event.reason,
      message: event.message.slice(0, longestMessage),
      source: { component: 'fairlead-controller' },
      reportingComponent: 'fairlead.dev/controller',
      reportingInstance: identity,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    }
    const isDone = (await unless(409, client.request({ method: 'POST', path, body }))) !== undefined
    if (isDone) this.#remember(name, 1)
    return isDone
  }

  /** False when it is not there any more. */
  async #repeat(about: ObjectStatus, name: string, count: number): Promise<boolean> {
    const { client, clock } = this.#options
    const path = `${pathOf(about)}/${name}`
    const body = { count, lastTimestamp: apiTime(clock.wallMs()) }
    const contentType = 'application/merge-patch+json'
    const patched = client.request({ method: 'PATCH', path, contentType, body })
    const isDone = (await unless(404, patched)) !== undefined
    if (isDone) this.#remember(name, count)
    return isDone
  }
}

const pathOf = ({ namespace }: ObjectStatus): string => `/api/v1/namespaces/${namespace}/events`

/** The same for the same thing told of the same object. */
const nameOf = ({ uid, name }: ObjectStatus, { reason, message }: ObjectEvent): string => {
  const hash = createHash('sha256')
    .update(JSON.stringify([uid, reason, message]))
    .digest('hex')
  return `${name.slice(0, 220)}.${hash.slice(0, 16)}`
}
