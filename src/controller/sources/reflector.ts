import { type ApiClient, ApiError } from '../../base/api-client.ts'
import type { Clock } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Log } from '../../base/log.ts'
import { wait } from '../../base/wait.ts'

/** A kind of object at the API server, in one namespace or all. */
export interface Resource {
  readonly kind: string
  readonly apiVersion: string
  /** `/apis/fairlead.dev/v1alpha1/namespaces/shop/apiroutes`. */
  readonly path: string
  /** More of the query: `labelSelector=…`, `fieldSelector=…`. */
  readonly query?: string
  /** Its definition may not be installed: then there are none, and it is looked for again now and then. */
  readonly optional?: boolean
}

/** An object as the API server sent it. */
export interface RawObject {
  readonly metadata: {
    readonly namespace?: string
    readonly name: string
    readonly resourceVersion?: string
  }
}

/** Where a reflector puts what it sees. */
export interface ReflectorStore {
  /** Everything there is now. */
  replace(objects: readonly RawObject[]): void
  put(object: RawObject): void
  remove(object: RawObject): void
  /** How many objects it holds. */
  readonly size: number
}

export interface ReflectorOptions {
  readonly client: ApiClient
  readonly clock: Clock
  readonly dice: Dice
  readonly log: Log
  readonly resource: Resource
  readonly store: ReflectorStore
  readonly restarted: (kind: string) => void
  /** The first complete list is in the store. */
  readonly synced: () => void
}

const pageSize = 500
/** Bookmarks come every minute; without any, the connection has died. */
const silenceMs = 90_000
const watchSeconds = 290
const shortestMs = 200
const longestMs = 10_000
/** A list that shrinks by more than half is believed when a second one agrees, this much later (K3). */
const confirmMs = 2000
const fewObjects = 4
/** How often a kind that is not installed is looked for. */
const absentMs = 30_000

interface List {
  readonly items: readonly RawObject[]
  /** '' when there is nothing to watch. */
  readonly version: string
}

const absent: List = { items: [], version: '' }

/**
 * Keeps a store in step with one kind of object: lists, watches from there, resumes after any error, lists anew when the
 * server has forgotten where we were (K1, K2). Never stops by itself.
 */
export class Reflector {
  readonly #options: ReflectorOptions
  readonly #stop = new AbortController()
  #version = ''
  #failures = 0
  #synced = false
  /** When the last event, bookmark or list arrived, monotonic. */
  #heardMs = Number.NEGATIVE_INFINITY

  constructor(options: ReflectorOptions) {
    this.#options = options
  }

  /** The store holds what a complete list said. */
  get synced(): boolean {
    return this.#synced
  }

  get ageMs(): number {
    return this.#options.clock.nowMs() - this.#heardMs
  }

  get kind(): string {
    return this.#options.resource.kind
  }

  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#version === '') await this.#list()
        if (this.#version === '') await this.#wait(absentMs)
        else await this.#watch()
        this.#failures = 0
      } catch (error) {
        if (this.#stop.signal.aborted) return
        await this.#recover(error)
      }
    }
  }

  close(): void {
    this.#stop.abort()
  }

  async #list(): Promise<void> {
    let list = await this.#listOnce().catch((error: unknown) => {
      if (
        this.#options.resource.optional === true &&
        error instanceof ApiError &&
        error.status === 404
      )
        return absent
      throw error
    })
    const { store, log } = this.#options
    if (this.#synced && store.size > fewObjects && list.items.length * 2 < store.size) {
      log.warn('a list has shrunk by more than half; it is asked for again before it is believed', {
        kind: this.kind,
        before: store.size,
        now: list.items.length,
      })
      const first = list.items.length
      await this.#wait(confirmMs)
      list = await this.#listOnce()
      if (list.items.length > first) return this.#list()
    }
    store.replace(list.items)
    this.#version = list.version
    this.#failures = 0
    if (this.#synced) return
    this.#synced = true
    this.#options.synced()
  }

  /** Pages of one consistent list. */
  async #listOnce(): Promise<List> {
    const { client, resource } = this.#options
    const items: RawObject[] = []
    let token = ''
    for (;;) {
      const query = new URLSearchParams({
        limit: String(pageSize),
        ...(token !== '' && { continue: token }),
      })
      const page = await client.request<Page>({
        method: 'GET',
        path: `${resource.path}?${query}${resource.query === undefined ? '' : `&${resource.query}`}`,
        signal: this.#stop.signal,
      })
      if (!Array.isArray(page?.items) || typeof page.metadata?.resourceVersion !== 'string')
        throw new Error('the answer is not a list')
      items.push(...page.items)
      this.#heardMs = this.#options.clock.nowMs()
      token = page.metadata.continue ?? ''
      if (token === '') return { items, version: page.metadata.resourceVersion }
    }
  }

  async #watch(): Promise<void> {
    const { client, dice, resource } = this.#options
    const query = new URLSearchParams({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#version,
      timeoutSeconds: String(Math.round(watchSeconds * (1 + dice()))),
    })
    const path = `${resource.path}?${query}${resource.query === undefined ? '' : `&${resource.query}`}`
    await client.watch(path, silenceMs, this.#stop.signal, (line) => this.#event(line))
  }

  #event(line: string): void {
    const { store, clock } = this.#options
    const event = eventOf(line)
    if (event === undefined) throw new ApiError(0, unreadable, 'an event cannot be read')
    const { type, object } = event
    this.#heardMs = clock.nowMs()
    if (type === 'ERROR')
      throw new ApiError(object.code ?? 0, object.reason ?? '', object.message ?? 'ERROR')
    const version = object.metadata?.resourceVersion
    if (typeof version !== 'string' || version === '')
      throw new ApiError(0, unreadable, 'an event has no resourceVersion')
    if (type === 'ADDED' || type === 'MODIFIED') store.put(object)
    else if (type === 'DELETED') store.remove(object)
    this.#version = version
    this.#failures = 0
  }

  /**
   * 410 means that the place is forgotten: list anew at once. An event that cannot be read would come again: list anew, but
   * not at once. Anything else may pass: go on from where we were.
   */
  async #recover(error: unknown): Promise<void> {
    const { log, restarted } = this.#options
    const isGone = error instanceof ApiError && (error.status === 410 || error.reason === 'Expired')
    if (isGone || (error instanceof ApiError && error.reason === unreadable)) this.#version = ''
    if (isGone && this.#failures++ === 0) return
    this.#failures++
    restarted(this.kind)
    const mostMs = Math.min(longestMs, shortestMs * 2 ** Math.min(this.#failures, 10))
    const waitMs = this.#options.dice() * mostMs
    log.warn('watching is interrupted; what is known stays', {
      kind: this.kind,
      problem: error instanceof Error ? error.message : String(error),
      retryInMs: Math.round(waitMs),
    })
    await this.#wait(waitMs)
  }

  #wait(ms: number): Promise<void> {
    return wait(this.#options.clock, ms, this.#stop.signal)
  }
}

const unreadable = 'Unreadable'

function eventOf(line: string): WatchEvent | undefined {
  try {
    const event = JSON.parse(line) as Partial<WatchEvent> | null
    const { type, object } = event ?? {}
    return typeof type === 'string' && typeof object === 'object' && object !== null
      ? { type, object }
      : undefined
  } catch {
    return undefined
  }
}

interface Page {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items?: readonly RawObject[]
}

interface WatchEvent {
  readonly type: string
  readonly object: RawObject & {
    readonly code?: number
    readonly reason?: string
    readonly message?: string
  }
}
