import http from 'node:http'
import type { Snapshot } from '../../src/model/snapshot.ts'
import type { TestProxy } from '../harness/proxy.ts'
import type { Seen } from './site.ts'

/** One request. */
export interface Probe {
  readonly name: string
  /** The rule that it is for; '' when for none. */
  readonly rule: string
  /** It asks what is served, and not only who may call. */
  readonly odd?: true
  readonly host: string
  readonly target: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The address that it comes from. */
  readonly from?: string
}

/** A gateway that serves one snapshot after the other, and a client. */
export class Prober {
  readonly #gateway: TestProxy
  readonly #agents = new Map<string, http.Agent>()

  constructor(gateway: TestProxy) {
    this.#gateway = gateway
  }

  /** What each probe is given by each of some installations: short texts, none for one that is refused. */
  async access(
    installations: readonly Snapshot[],
    probes: readonly Probe[],
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const found = new Map<string, readonly string[]>()
    for (const [at, snapshot] of installations.entries()) {
      // Nothing is served there.
      if (snapshot.hosts.length === 0) continue
      this.#gateway.proxy.apply(snapshot)
      const got = await Promise.all(probes.map((probe) => this.#ask(probe)))
      for (const [i, { name }] of probes.entries()) found.set(`${name} in ${at}`, got[i] ?? [])
      found.set(`while an issuer is away from ${at}`, keysOutlast(snapshot))
    }
    return found
  }

  #ask({ host, target, method = 'GET', headers = {}, from = '127.0.0.1' }: Probe) {
    const agent =
      this.#agents.get(from) ??
      new http.Agent({ keepAlive: true, maxSockets: 16, localAddress: from })
    this.#agents.set(from, agent)
    return new Promise<readonly string[]>((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: this.#gateway.port,
        method,
        path: target,
        headers: { host, ...spoofed, ...headers },
        agent,
      }
      const request = http.request(options, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
        response.on('end', () => resolve(accessOf(response, body)))
      })
      request.on('error', reject).end()
    })
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy()
  }
}

/** What only the gateway may say to a backend, and what it takes away. */
const spoofed = Object.fromEntries(
  [
    'x-user',
    'x-claims',
    ...['rule', 'defaults'].flatMap((home) => [`x-${home}-set`, `x-${home}-removed`]),
  ].map((name) => [name, 'spoofed']),
)

/** Browsers let every origin send these (Fetch, CORS-safelisted methods). */
const safelisted = ['GET', 'HEAD', 'POST']

function accessOf({ statusCode = 0, headers }: http.IncomingMessage, body: string): string[] {
  const origin = headers['access-control-allow-origin']
  const methods = String(headers['access-control-allow-methods'] ?? '').split(', ')
  const shared =
    origin === undefined
      ? []
      : [
          `scripts of ${origin} read it`,
          ...methods
            .filter((method) => method !== '' && !safelisted.includes(method))
            .map((method) => `scripts of ${origin} send ${method}`),
        ]
  if (statusCode >= 300) return shared
  if (!String(headers['content-type']).startsWith('application/json'))
    return [...shared, `answered ${statusCode}`]
  const { port, url, host, spoofed: headersOfClient } = JSON.parse(body) as Seen
  return [
    ...shared,
    `reaches ${withoutToken(url)} of ${host} on ${port}`,
    ...headersOfClient.map((name) => `makes the backend believe ${name}`),
  ]
}

/** A token that the backend does not get is nothing more. */
const withoutToken = (url: string): string => url.replace(/\?access_token=[^&]*$/, '')

/** Hours that old keys are good for: no request can show it now. */
const keysOutlast = ({ authorizers }: Snapshot): readonly string[] =>
  authorizers.flatMap(({ id, staleKeysForMs }) =>
    [1, 6, 24]
      .filter((hours) => staleKeysForMs >= hours * 3_600_000)
      .map((hours) => `keys of ${id} outlast ${hours}h`),
  )
