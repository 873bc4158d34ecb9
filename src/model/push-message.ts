import { count, type Decode, Faults, list, oneOf, record, table, text, union } from './decode.ts'
import { type ProxyReport, reportFields } from './proxy-report.ts'
import type { SavedKeys } from './saved-keys.ts'
import type { Snapshot } from './snapshot.ts'
import type { SnapshotDelta } from './snapshot-delta.ts'
import { checked, hostsOf, messagesOf } from './wire.ts'
import { authorizer } from './wire-authorizer.ts'
import { cluster } from './wire-cluster.ts'
import {
  decodeMessage,
  type HostMessage,
  hostMessage,
  type SnapshotMessage,
} from './wire-message.ts'
import { rule } from './wire-rule.ts'
import { settings } from './wire-settings.ts'

/** Version of the push channel itself. Another one is refused at `hello`. */
export const pushProtocol = 1

/** Where proxies subscribe. */
export const pushPath = '/v1/configuration'

/**
 * A header in which each side names the messages that it takes beyond those of the first version. A side that does not know
 * one would end the connection, so nobody sends one that was not named; a side that does not know the header passes over it.
 */
export const takesHeader = 'fairlead-takes'

export const takes = (header: string | readonly string[] | undefined, message: string): boolean =>
  String(header ?? '')
    .split(',')
    .some((each) => each.trim() === message)

/** A message over this many bytes is refused before it is sent, and before it is read (hostile-inputs C10). */
export const largestMessage = 256 * 1024 * 1024

/** When a configuration was published: leases changed hands `epoch` times before. A proxy refuses an older pair (K6). */
export interface Moment {
  readonly epoch: number
  readonly sequence: number
}

export const isOlder = (a: Moment, b: Moment): boolean =>
  a.epoch < b.epoch || (a.epoch === b.epoch && a.sequence < b.sequence)

/** From the controller to a proxy. */
export type ControllerMessage =
  | {
      readonly type: 'hello'
      readonly protocol: number
      readonly version: string
      readonly epoch: number
    }
  | ({ readonly type: 'snapshot'; readonly snapshot: Snapshot } & Moment)
  | ({ readonly type: 'delta'; readonly delta: SnapshotDelta } & Moment)
  | { readonly type: 'ping' }
  | { readonly type: 'keys'; readonly sets: readonly SavedKeys[] }

/** Who a proxy is and what it has: `digest` is '' when it has nothing. */
export interface ProxyHello extends Moment {
  readonly type: 'hello'
  readonly protocol: number
  readonly version: string
  /** Of its Pod; outside Kubernetes any name of its own. */
  readonly name: string
  readonly namespace: string
  readonly digest: string
}

/** From a proxy to the controller. */
export type ProxyMessage =
  | ProxyHello
  | ({ readonly type: 'ack'; readonly digest: string } & Moment)
  | ({
      readonly type: 'nack'
      readonly digest: string
      readonly problems: readonly string[]
    } & Moment)
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'pong' }
  | ({ readonly type: 'report'; readonly digest: string } & Moment & ProxyReport)

interface DeltaMessage extends Omit<SnapshotDelta, 'hosts'>, Pick<SnapshotMessage, 'rules'> {
  readonly hosts: readonly HostMessage[]
}

type WireMessage =
  | Exclude<ControllerMessage, { type: 'snapshot' | 'delta' }>
  | ({ readonly type: 'snapshot'; readonly snapshot: SnapshotMessage } & Moment)
  | ({ readonly type: 'delta'; readonly delta: DeltaMessage } & Moment)

/** The text of a message. */
export function encodeControllerMessage(message: ControllerMessage): string {
  switch (message.type) {
    case 'snapshot': {
      const { snapshot } = message
      return JSON.stringify({
        ...message,
        snapshot: { ...snapshot, ...messagesOf(snapshot.hosts) },
      })
    }
    case 'delta': {
      const { delta } = message
      return JSON.stringify({ ...message, delta: { ...delta, ...messagesOf(delta.hosts) } })
    }
    default:
      return JSON.stringify(message)
  }
}

export const encodeProxyMessage = (message: ProxyMessage): string => JSON.stringify(message)

export type DecodedMessage<Message> = { readonly message: Message } | { readonly problem: string }

const moment = { epoch: count, sequence: count }

const delta: Decode<DeltaMessage> = record(
  {
    from: text,
    to: text,
    rules: list(rule),
    hosts: list(hostMessage),
    goneHosts: list(text),
    clusters: list(cluster),
    goneClusters: list(text),
    authorizers: list(authorizer),
    goneAuthorizers: list(text),
    secrets: table(text),
    goneSecrets: list(text),
  },
  { settings, defaultPair: text },
)

const savedKeys: Decode<SavedKeys> = record({ source: text, fetchedMs: count, jwks: text }, {})

const controllerMessage = union<WireMessage, 'type'>('type', {
  hello: record({ type: oneOf('hello'), protocol: count, version: text, epoch: count }, {}),
  snapshot: record({ type: oneOf('snapshot'), ...moment, snapshot: decodeMessage }, {}),
  delta: record({ type: oneOf('delta'), ...moment, delta }, {}),
  ping: record({ type: oneOf('ping') }, {}),
  keys: record({ type: oneOf('keys'), sets: list(savedKeys) }, {}),
})

const proxyMessage = union<ProxyMessage, 'type'>('type', {
  hello: record(
    {
      type: oneOf('hello'),
      protocol: count,
      version: text,
      name: text,
      namespace: text,
      digest: text,
      ...moment,
    },
    {},
  ),
  ack: record({ type: oneOf('ack'), digest: text, ...moment }, {}),
  nack: record({ type: oneOf('nack'), digest: text, problems: list(text), ...moment }, {}),
  token: record({ type: oneOf('token'), token: text }, {}),
  pong: record({ type: oneOf('pong') }, {}),
  report: record({ type: oneOf('report'), digest: text, ...moment, ...reportFields }, {}),
})

/**
 * Reads a message of the controller, whole or not at all. A `snapshot` comes with its digests checked; a `delta` is checked
 * by whoever applies it, since only the result has a digest.
 */
export function decodeControllerMessage(json: string): DecodedMessage<ControllerMessage> {
  const faults = new Faults()
  const value = parse(json)
  if (value === undefined) return notJson
  const message = controllerMessage(value, faults)
  if (faults.message !== undefined) return { problem: faults.print() }
  if (message.type !== 'snapshot' && message.type !== 'delta') return { message }
  const part = message.type === 'snapshot' ? message.snapshot : message.delta
  const hosts = hostsOf(part, faults)
  if (faults.message !== undefined) return { problem: faults.print() }
  if (message.type === 'delta') {
    const { rules: _, ...rest } = message.delta
    return { message: { ...message, delta: { ...rest, hosts } } }
  }
  const { rules: _, ...rest } = message.snapshot
  const result = checked(Object.freeze({ ...rest, hosts }))
  return 'problem' in result ? result : { message: { ...message, snapshot: result.snapshot } }
}

export function decodeProxyMessage(json: string): DecodedMessage<ProxyMessage> {
  const faults = new Faults()
  const value = parse(json)
  if (value === undefined) return notJson
  const message = proxyMessage(value, faults)
  return faults.message === undefined ? { message } : { problem: faults.print() }
}

const notJson = { problem: 'the message is not JSON' } as const

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
