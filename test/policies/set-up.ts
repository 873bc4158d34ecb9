import { defaultSettings, type Settings } from '../../src/model/settings.ts'
import type { Forward, Rule } from '../../src/model/snapshot.ts'
import { RawClient } from '../harness/client.ts'
import { snapshotOf, startProxy, type TestProxy } from '../harness/proxy.ts'
import { hostOf, ruleOf } from '../harness/rules.ts'
import { answering, ok, type Seen, startUpstream, type Upstream } from '../harness/upstream.ts'

/** What the gateway answered to one request. */
export interface Answer {
  readonly status: number
  /** `name: value` each, in order. */
  readonly fields: readonly string[]
  readonly body: string
  field(name: string): string | undefined
}

export interface Gateway {
  readonly proxy: TestProxy
  readonly upstream: Upstream
  /** Sends lines (`\n` between them, without Host and version) on a connection of its own. */
  ask(lines: string, body?: string): Promise<Answer>
  /** The head that the backend got last, line by line, without what is different each time. */
  lastHead(): readonly string[]
  close(): Promise<void>
}

type Entries = (forward: Forward) => Parameters<typeof hostOf>[1]

/** A gateway on loopback with one backend and these entries on every host. */
export async function startGateway(
  entries: Entries,
  own: Partial<Settings> = {},
  act: (seen: Seen, part: string) => void = answering(ok()),
): Promise<Gateway> {
  const upstream = await startUpstream(act)
  const proxy = await startProxy({ ports: [upstream.port] })
  const snapshot = snapshotOf({ ports: [upstream.port] })
  const forward = snapshot.hosts[0]?.entries[0]?.rule.action as Forward
  proxy.proxy.apply({
    ...snapshot,
    settings: { ...defaultSettings, ...own },
    hosts: [hostOf('*', entries(forward))],
  })
  return {
    proxy,
    upstream,
    ask: (lines, body) => ask(proxy.port, lines, body),
    lastHead: () => headsOf(upstream).at(-1) ?? [],
    close: async () => {
      await proxy.close()
      await upstream.close()
    },
  }
}

/** One rule for everything. */
export const onlyRule =
  (own: Partial<Rule> = {}): Entries =>
  (forward) => [['/', ruleOf('rule', { action: forward, ...own })]]

async function ask(port: number, lines: string, body = ''): Promise<Answer> {
  const [start = '', ...fields] = lines.split('\n')
  const host = fields.some((field) => /^host:/i.test(field)) ? [] : ['host: api.shop.example']
  const client = new RawClient(port)
  const head = [`${start} HTTP/1.1`, ...host, ...fields, 'connection: close'].join('\r\n')
  const text = await client.send(`${head}\r\n\r\n${body}`).untilOver()
  client.close()
  return answerOf(text)
}

export function answerOf(text: string): Answer {
  const end = text.indexOf('\r\n\r\n')
  const [status = '', ...fields] = text.slice(0, end).split('\r\n')
  return {
    status: Number(status.split(' ')[1]),
    fields,
    body: text.slice(end + 4),
    field: (name) => fields.find((field) => field.startsWith(`${name}: `))?.slice(name.length + 2),
  }
}

/** Every head of every connection, in order. Bodies must hold no empty line. */
export function headsOf(upstream: Upstream): string[][] {
  return upstream
    .text()
    .split('\r\n\r\n')
    .filter((part) => / HTTP\/1\.1\r\n/.test(part))
    .map((part) => part.split('\r\n'))
}
