import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ApiObject {
  readonly metadata: {
    readonly namespace: string
    readonly name: string
    readonly uid?: string
    readonly resourceVersion?: string
  }
  readonly [field: string]: unknown
}

/** What a server does to a request instead of answering it. */
export type Fault = (request: http.IncomingMessage, response: http.ServerResponse) => void

/** A `Status` of the API server. */
export const refusal =
  (code: number, reason: string): Fault =>
  (_, response) => {
    response.writeHead(code, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ kind: 'Status', code, reason, message: `${reason} here` }))
  }

/** The connection ends before an answer begins. */
export const cut: Fault = (request) => void request.socket.destroy()

/** Nothing comes, ever. */
export const silent: Fault = () => {}

/**
 * One collection of an API server on a real socket: lists in pages, watches from a version, history that can be
 * forgotten. What no real server does on demand can be planned: faults, silence, lines of any kind.
 */
export class ApiServer {
  readonly objects = new Map<string, ApiObject>()
  /** `list` or `watch`, and from where. */
  readonly asked: string[] = []
  /** Taken one a request, of the one kind or the other. */
  readonly listFaults: Fault[] = []
  readonly watchFaults: Fault[] = []
  readonly #server = http.createServer((request, response) => this.#answer(request, response))
  readonly #watches = new Set<http.ServerResponse>()
  readonly #history: { readonly version: number; readonly line: string }[] = []
  #version = 100
  #forgotten = 0

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** How many connections clients hold. */
  connections(): Promise<number> {
    return new Promise((resolve) => this.#server.getConnections((_, count) => resolve(count)))
  }

  get watching(): number {
    return this.#watches.size
  }

  put(name: string, fields: Readonly<Record<string, unknown>> = {}, uid = `uid-${name}`): void {
    const resourceVersion = String(++this.#version)
    const metadata = { namespace: 'shop', name, uid, resourceVersion }
    const isNew = !this.objects.has(name)
    const object = { ...fields, metadata }
    this.objects.set(name, object)
    this.#tell(isNew ? 'ADDED' : 'MODIFIED', object)
  }

  remove(name: string): void {
    const known = this.objects.get(name) as ApiObject
    this.objects.delete(name)
    const metadata = { ...known.metadata, resourceVersion: String(++this.#version) }
    this.#tell('DELETED', { ...known, metadata })
  }

  bookmark(): void {
    const metadata = { resourceVersion: String(++this.#version) }
    this.send(JSON.stringify({ type: 'BOOKMARK', object: { metadata } }))
  }

  /** A line of a watch, whatever it is. */
  send(line: string): void {
    for (const watch of this.#watches) watch.write(`${line}\n`)
  }

  /** All watches break. */
  cutWatches(): void {
    for (const watch of this.#watches) watch.destroy()
  }

  /** As if etcd was compacted: no watch goes on from before. */
  forget(): void {
    this.#forgotten = this.#version
  }

  /** As if the watch cache was rolled over while nobody was told: changes without events. */
  quietly(change: () => void): void {
    const watches = [...this.#watches]
    this.#watches.clear()
    change()
    this.#version++
    for (const watch of watches) this.#watches.add(watch)
    this.forget()
  }

  #tell(type: string, object: ApiObject): void {
    const line = JSON.stringify({ type, object })
    this.#history.push({ version: this.#version, line })
    this.send(line)
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const query = new URL(request.url ?? '', 'http://api').searchParams
    const isWatch = query.get('watch') === 'true'
    this.asked.push(
      isWatch
        ? `watch ${query.get('resourceVersion')}`
        : `list ${query.get('continue') ?? ''}`.trim(),
    )
    const fault = (isWatch ? this.watchFaults : this.listFaults).shift()
    if (fault !== undefined) return fault(request, response)
    if (isWatch) this.#watch(Number(query.get('resourceVersion')), response)
    else this.#list(query, response)
  }

  #list(query: URLSearchParams, response: http.ServerResponse): void {
    const all = [...this.objects.values()]
    const from = Number(query.get('continue') ?? 0)
    const to = from + Number(query.get('limit'))
    const metadata = {
      resourceVersion: String(this.#version),
      ...(to < all.length && { continue: String(to) }),
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ metadata, items: all.slice(from, to) }))
  }

  #watch(since: number, response: http.ServerResponse): void {
    if (since < this.#forgotten) return refusal(410, 'Expired')(response.req, response)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    for (const { version, line } of this.#history) if (version > since) response.write(`${line}\n`)
    this.#watches.add(response)
    response.on('close', () => this.#watches.delete(response))
  }
}
