import dns from 'node:dns'
import { isIP } from 'node:net'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import { isForbiddenAddress } from '../../model/address.ts'

const mostAddresses = 64
const shortestMs = 1000
const longestMs = 5 * 60_000
/** Where the TTL is not known, and after a failure. */
const usualMs = 10_000

export interface NameServer {
  /** Rejects when there is no answer. */
  resolve(hostname: string): Promise<NameAnswer>
}

export interface NameAnswer {
  /** Addresses with their TTL in seconds. */
  readonly found: readonly { readonly address: string; readonly ttl: number }[]
  /** Families that could not be asked for: what is known of them stays. */
  readonly failed: readonly (4 | 6)[]
}

/** Answers that say there is no such address: no failures. */
const isAnswer = (code: string | undefined): boolean => code === 'ENODATA' || code === 'ENOTFOUND'

export interface NameServerOptions {
  /** Asked instead of the system's; then it alone is. */
  readonly servers?: readonly string[]
  readonly timeoutMs?: number
  /** Names are meant as they are written: no search domain is tried. */
  readonly isAbsolute?: boolean
}

/** By DNS with TTLs; names that only /etc/hosts or a search domain knows by the system's own look-up. */
export function systemNameServer(options: NameServerOptions = {}): NameServer {
  const { servers, timeoutMs = 2000, isAbsolute = false } = options
  const resolver = new dns.promises.Resolver({ timeout: timeoutMs, tries: 2 })
  if (servers !== undefined) resolver.setServers(servers)
  const lookUp = oneAtATime((hostname: string) =>
    dns.promises.lookup(isAbsolute ? `${hostname}.` : hostname, { all: true }),
  )
  return {
    async resolve(hostname) {
      const answer = hostname.includes('.') ? await ask(resolver, hostname) : nothing
      if (answer.found.length > 0) return answer
      if (servers !== undefined) throw answer.reason ?? new Error('no address')
      const found = await lookUp(hostname)
      return { found: found.map(({ address }) => ({ address, ttl: usualMs / 1000 })), failed: [] }
    },
  }
}

interface Asked extends NameAnswer {
  readonly reason?: Error | undefined
}

const nothing: Asked = { found: [], failed: [] }

async function ask(resolver: dns.promises.Resolver, hostname: string): Promise<Asked> {
  const answers = await Promise.allSettled([
    resolver.resolve4(hostname, { ttl: true }),
    resolver.resolve6(hostname, { ttl: true }),
  ])
  const failed = ([4, 6] as const).filter((_, i) => {
    const answer = answers[i]
    return answer?.status === 'rejected' && !isAnswer(answer.reason?.code)
  })
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  const reason = answers.find((answer) => answer.status === 'rejected')?.reason as Error | undefined
  return { found, failed, reason }
}

/** A look-up of the system holds a thread that files need, too: however many names hang, it is one (D6). */
function oneAtATime<T>(work: (hostname: string) => Promise<T>): typeof work {
  let before: Promise<unknown> = Promise.resolve()
  return (hostname) => {
    const result = before.then(() => work(hostname))
    before = result.catch(() => {})
    return result
  }
}

export interface ResolverOptions {
  readonly clock: Clock
  readonly dice: Dice
  readonly names: NameServer
  readonly allowLoopback: boolean
  /** The addresses changed. Never called with none: the last good answer is kept (D6). */
  readonly changed: (addresses: readonly string[]) => void
  /** An answer failed, was empty, or held only refused addresses. */
  readonly failed: (fault: ResolutionFault) => void
  /** The first good answer after such ones. */
  readonly recovered: () => void
}

/** Why look-ups of a name fail, and since when they do. */
export interface ResolutionFault {
  readonly hostname: string
  /** The code of the system's error, `empty`, `forbidden_address` or `failed`. */
  readonly reason: string
  readonly sinceWallMs: number
}

/** Keeps the addresses of one hostname fresh, in the background: no request ever waits for a name. */
export class Resolution {
  readonly hostname: string
  /** Of the last look-up, when it failed. */
  fault: ResolutionFault | undefined
  /** When there were addresses last; 0 when there never were. */
  resolvedWallMs = 0
  readonly #options: ResolverOptions
  #timer: Timer | undefined
  #known: readonly string[] = []
  #stopped = false

  constructor(hostname: string, options: ResolverOptions) {
    this.hostname = hostname
    this.#options = options
    if (isIP(hostname) !== 0) this.#take({ found: [{ address: hostname, ttl: 0 }], failed: [] })
    else void this.#refresh()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #refresh(): Promise<void> {
    let waitMs = usualMs
    try {
      const answer = await this.#options.names.resolve(this.hostname)
      if (this.#stopped) return
      if (this.#take(answer)) waitMs = shortestTtlOf(answer) * 1000
      else waitMs = shortestMs
    } catch (error) {
      if (this.#stopped) return
      this.#fail((error as NodeJS.ErrnoException).code ?? 'failed')
      if (this.#known.length === 0) waitMs = shortestMs
    }
    const clamped = Math.min(Math.max(waitMs, shortestMs), longestMs)
    this.#timer = this.#options.clock.after(
      clamped * (0.9 + 0.1 * this.#options.dice()),
      () => void this.#refresh(),
    )
  }

  #take({ found, failed }: NameAnswer): boolean {
    const allowed = found
      .map(({ address }) => address)
      .filter((address) => !isForbiddenAddress(address, this.#options.allowLoopback))
    if (allowed.length === 0) {
      this.#fail(found.length === 0 ? 'empty' : 'forbidden_address')
      return false
    }
    const kept = this.#known.filter((address) => failed.some((family) => family === isIP(address)))
    const addresses = [...new Set([...allowed, ...kept])].sort().slice(0, mostAddresses)
    if (addresses.join() !== this.#known.join()) {
      this.#known = addresses
      this.#options.changed(addresses)
    }
    this.#succeed()
    return true
  }

  #succeed(): void {
    this.resolvedWallMs = this.#options.clock.wallMs()
    if (this.fault === undefined) return
    this.fault = undefined
    this.#options.recovered()
  }

  #fail(reason: string): void {
    const { hostname } = this
    const sinceWallMs = this.fault?.sinceWallMs ?? this.#options.clock.wallMs()
    this.fault = { hostname, reason, sinceWallMs }
    this.#options.failed(this.fault)
  }
}

/** Node tells the TTL of the first 256 addresses of an answer, and nothing for the rest. */
const shortestTtlOf = ({ found }: NameAnswer): number =>
  Math.min(...found.map(({ ttl }) => ttl).filter(Number.isFinite))
