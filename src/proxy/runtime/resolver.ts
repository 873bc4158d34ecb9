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
  /** Addresses with their TTL in seconds; rejects when there is no answer. */
  resolve(hostname: string): Promise<readonly { readonly address: string; readonly ttl: number }[]>
}

/** By DNS with TTLs; names that only /etc/hosts or a search domain knows by the system's own look-up. */
export function systemNameServer(servers?: readonly string[]): NameServer {
  const resolver = new dns.promises.Resolver({ timeout: 2000, tries: 2 })
  if (servers !== undefined) resolver.setServers(servers)
  const ask = async (hostname: string) => {
    const answers = await Promise.allSettled([
      resolver.resolve4(hostname, { ttl: true }),
      resolver.resolve6(hostname, { ttl: true }),
    ])
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  }
  const lookUp = async (hostname: string) => {
    const found = await dns.promises.lookup(hostname, { all: true })
    return found.map(({ address }) => ({ address, ttl: usualMs / 1000 }))
  }
  return {
    async resolve(hostname) {
      const found = hostname.includes('.') ? await ask(hostname) : []
      return found.length > 0 || servers !== undefined ? found : lookUp(hostname)
    },
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
  readonly failed: (reason: string) => void
}

/** Keeps the addresses of one hostname fresh, in the background: no request ever waits for a name. */
export class Resolution {
  readonly #hostname: string
  readonly #options: ResolverOptions
  #timer: Timer | undefined
  #known = ''
  #stopped = false

  constructor(hostname: string, options: ResolverOptions) {
    this.#hostname = hostname
    this.#options = options
    if (isIP(hostname) !== 0) this.#take([{ address: hostname }])
    else void this.#refresh()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #refresh(): Promise<void> {
    let waitMs = usualMs
    try {
      const answers = await this.#options.names.resolve(this.#hostname)
      if (this.#stopped) return
      if (this.#take(answers)) waitMs = Math.min(...answers.map(({ ttl }) => ttl)) * 1000
      else waitMs = shortestMs
    } catch (error) {
      if (this.#stopped) return
      this.#options.failed((error as NodeJS.ErrnoException).code ?? 'failed')
      if (this.#known === '') waitMs = shortestMs
    }
    const clamped = Math.min(Math.max(waitMs, shortestMs), longestMs)
    this.#timer = this.#options.clock.after(
      clamped * (0.9 + 0.1 * this.#options.dice()),
      () => void this.#refresh(),
    )
  }

  #take(answers: readonly { readonly address: string }[]): boolean {
    const allowed = answers
      .map(({ address }) => address)
      .filter((address) => !isForbiddenAddress(address, this.#options.allowLoopback))
    if (allowed.length === 0) {
      this.#options.failed(answers.length === 0 ? 'empty' : 'forbidden_address')
      return false
    }
    const addresses = [...new Set(allowed)].sort().slice(0, mostAddresses)
    const text = addresses.join()
    if (text !== this.#known) {
      this.#known = text
      this.#options.changed(addresses)
    }
    return true
  }
}
