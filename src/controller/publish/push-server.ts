import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { frame } from '../../model/frame.ts'
import {
  encodeControllerMessage,
  type Moment,
  pushPath,
  pushProtocol,
  takes,
  takesHeader,
} from '../../model/push-message.ts'
import type { SavedKeys } from '../../model/saved-keys.ts'
import { Outbox } from './outbox.ts'
import type { ConnectedProxy, Publication, Publisher, Withheld } from './publication.ts'
import { type Identity, PushSession } from './push-session.ts'

const mostProxies = 2000
/** How long a client may take for its handshake, and for its head (K11). */
const usualPatienceMs = 10_000
/** Publications whose way to the proxies is timed. */
const mostTimed = 256

export interface Credentials {
  /** PEM. */
  readonly cert: string
  readonly key: string
  /** PEM of the authorities whose client certificates are accepted; undefined where tokens are used. */
  readonly clientCa?: string
}

export interface PushServerOptions {
  readonly clock: Clock
  readonly log: Log
  readonly version: string
  readonly host: string
  readonly port: number
  readonly credentials: Credentials
  /** Of a token: who it belongs to, undefined when it is not accepted. Undefined where only certificates are. */
  readonly review: ((token: string) => Promise<Identity | undefined>) | undefined
  /** Some proxy subscribed, acknowledged, refused or left. */
  readonly changed: () => void
  /** A proxy has told what only it knows. */
  readonly reported?: () => void
  /** A proxy serves what was changed so long ago. */
  readonly propagated: (seconds: number) => void
  /** Bytes that a message may have; 256 MiB. */
  readonly largest?: number
  /** How long a client may take for its handshake, and for its head; 10 s. */
  readonly patienceMs?: number
}

/** The controller's end of the push channel. Only the leader publishes; a standby says who leads (architecture.md, Push channel). */
export class PushServer implements Publisher {
  readonly #options: PushServerOptions
  readonly #server: https.Server
  readonly #outbox: Outbox
  readonly #sessions = new Set<PushSession>()
  readonly #ping = frame(encodeControllerMessage({ type: 'ping' }))
  /** When what was published was changed, by its moment. */
  readonly #changes = new Map<string, number>()
  #keys: Buffer | undefined
  #leader: { readonly epoch: number } | { readonly name: string } = { name: '' }

  constructor(options: PushServerOptions) {
    this.#options = options
    this.#outbox = new Outbox(options.largest)
    const { patienceMs = usualPatienceMs } = options
    this.#server = https.createServer({
      ...tlsOptions(options.credentials),
      handshakeTimeout: patienceMs,
      headersTimeout: patienceMs,
      connectionsCheckingInterval: Math.min(1000, patienceMs),
      requestTimeout: 0,
      keepAliveTimeout: 5000,
      maxHeaderSize: 16 * 1024,
    })
    this.#server.on('request', (request, response) => void this.#answer(request, response))
    this.#server.on('tlsClientError', () => {})
  }

  get proxies(): readonly ConnectedProxy[] {
    return [...this.#sessions].filter((session) => session.subscribed)
  }

  get withheld(): Withheld | undefined {
    return this.#outbox.withheld
  }

  /** @returns the port in use */
  async listen(): Promise<number> {
    const { host, port } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, resolve)
    })
    return (this.#server.address() as AddressInfo).port
  }

  /** New connections are made with these. */
  renew(credentials: Credentials): void {
    this.#server.setSecureContext(tlsOptions(credentials))
  }

  /** From now on we lead, in this epoch. */
  lead(epoch: number): void {
    this.#leader = { epoch }
  }

  /** We do not lead (any more): who is connected goes to the one who does. */
  follow(leader: string): void {
    this.#leader = { name: leader }
    this.#keys = undefined
    for (const session of this.#sessions) session.dismiss('another controller leads now')
  }

  publish(publication: Publication): void {
    const problem = this.#outbox.put(publication)
    if (problem !== undefined) {
      this.#options.log.error('the configuration is not published', { problem })
      return this.#options.changed()
    }
    this.#remember(publication)
    for (const session of this.#sessions) session.offer()
  }

  /** Keys of issuers, for proxies that start while one is away: given to every proxy that takes them, now and later. */
  give(sets: readonly SavedKeys[]): void {
    this.#keys = frame(encodeControllerMessage({ type: 'keys', sets }))
    for (const session of this.#sessions) session.offerKeys()
  }

  #remember(publication: Publication): void {
    this.#changes.set(keyOf(publication), publication.changedMs)
    const [oldest] = this.#changes.keys()
    if (this.#changes.size > mostTimed && oldest !== undefined) this.#changes.delete(oldest)
  }

  #acknowledged(moment: Moment): void {
    const changedMs = this.#changes.get(keyOf(moment))
    if (changedMs !== undefined)
      this.#options.propagated((this.#options.clock.nowMs() - changedMs) / 1000)
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.dismiss('the controller stops')
    this.#server.closeIdleConnections()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#options.clock.after(1000, () => this.#server.closeAllConnections())
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {})
    request.on('error', () => {})
    if (request.method !== 'POST' || request.url !== pushPath) return refuse(response, 404, {})
    const identity = await this.#identify(request).catch((error: unknown) => {
      this.#options.log.warn('a token could not be reviewed', { error })
      return 'unavailable' as const
    })
    if (identity === 'unavailable')
      return refuse(response, 503, { reason: 'tokens cannot be reviewed now' })
    if (identity === undefined)
      return refuse(response, 401, { reason: 'the credentials are not accepted' })
    if ('name' in this.#leader) return refuse(response, 503, { leader: this.#leader.name })
    if (this.#sessions.size >= mostProxies)
      return refuse(response, 503, { reason: 'too many proxies' })
    this.#open(request, response, identity, this.#leader.epoch)
  }

  async #identify(request: IncomingMessage): Promise<Identity | undefined> {
    const { review } = this.#options
    if (review === undefined) return ofCertificate(request.socket as TLSSocket)
    const token = /^Bearer ([\w.~+/=-]{1,16384})$/.exec(request.headers.authorization ?? '')?.[1]
    return token === undefined ? undefined : review(token)
  }

  #open(
    request: IncomingMessage,
    response: ServerResponse,
    identity: Identity,
    epoch: number,
  ): void {
    const { clock, log, version, changed, review } = this.#options
    const proxy = `${identity.namespace}/${identity.name}`
    const session = new PushSession({
      clock,
      identity,
      address: request.socket.remoteAddress ?? '',
      stream: {
        write: (bytes) => void response.write(bytes),
        close: (reason) => {
          log.warn('a proxy is disconnected', { proxy, reason })
          response.end()
          request.socket.destroySoon()
        },
      },
      next: (has) => this.#outbox.next(has),
      ping: this.#ping,
      ...(takes(request.headers[takesHeader], 'keys') && { keys: () => this.#keys }),
      authenticate: async (token) => review?.(token),
      changed,
      acknowledged: (moment) => this.#acknowledged(moment),
      reported: () => this.#options.reported?.(),
    })
    this.#sessions.add(session)
    request.socket.setNoDelay(true)
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'cache-control': 'no-store',
      [takesHeader]: 'report',
    })
    response.write(
      frame(encodeControllerMessage({ type: 'hello', protocol: pushProtocol, version, epoch })),
    )
    log.info('a proxy subscribes', { proxy })
    request.on('data', (chunk: Buffer) => session.received(chunk))
    response.on('close', () => this.#closed(session))
    request.on('end', () => response.end())
  }

  #closed(session: PushSession): void {
    session.closed()
    if (!this.#sessions.delete(session)) return
    this.#options.changed()
    this.#options.reported?.()
  }
}

const keyOf = ({ epoch, sequence }: Moment): string => `${epoch} ${sequence}`

function refuse(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(text)
}

const tlsOptions = ({ cert, key, clientCa }: Credentials) => ({
  cert,
  key,
  minVersion: 'TLSv1.3' as const,
  ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
})

const podUri =
  /(?:^|, )URI:spiffe:\/\/[^/, ]+\/ns\/([a-z0-9-]{1,63})\/pod\/([a-z0-9.-]{1,253})(?:, |$)/

/**
 * Whose certificate it is, once TLS has verified it: a URI `spiffe://TRUST-DOMAIN/ns/NAMESPACE/pod/NAME`, or
 * `NAMESPACE/NAME` as its common name where that is short enough.
 */
function ofCertificate(socket: TLSSocket): Identity | undefined {
  if (!socket.authorized) return undefined
  const { subject, subjectaltname = '' } = socket.getPeerCertificate()
  const [namespace, name] =
    podUri.exec(subjectaltname)?.slice(1) ?? String(subject?.CN ?? '').split('/')
  return namespace === undefined || namespace === '' || name === undefined || name === ''
    ? undefined
    : { namespace, name, goodForMs: Number.POSITIVE_INFINITY }
}
