import { createCompiler } from '../../src/controller/compile/compile.ts'
import {
  type ControllerMessage,
  encodeControllerMessage,
  encodeProxyMessage,
  type ProxyMessage,
} from '../../src/model/push-message.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { deltaOf } from '../../src/model/snapshot-delta.ts'
import { optionsOf, readCase, worldOf } from '../golden/case.ts'

/** Golden cases that together use every part of a snapshot. */
const recorded = [
  'every-field-of-forwarding-reaches-the-snapshot',
  'every-field-of-a-jwt-authorizer-reaches-the-snapshot',
  'every-policy-of-a-rule-reaches-the-snapshot',
  'a-rule-may-redirect-or-answer-by-itself',
  'the-three-balance-keys-of-hash',
  'keys-come-from-a-configmap-a-secret-or-a-service',
  'settings-reach-the-snapshot',
]

const report = {
  whole: true,
  pending: ['shop/late'],
  issuers: [
    { authorizer: 'shop/a', issuer: 'https://a.example/', reason: 'timeout', fetchedMs: 1 },
    { authorizer: 'shop/b', issuer: 'https://b.example/', reason: 'timeout' },
  ],
  failovers: [{ route: 'shop/orders', rule: 'all', backend: 'eu' }],
}

const at = (sequence: number) => ({ epoch: 218_246_400, sequence })

/** All that one half says to the other, as this version says it: a line each, `controller` or `proxy` and the message. */
export function recording(version: string): string {
  const snapshots = recorded.map((name): Snapshot => {
    const manifests = readCase(name)
    return createCompiler()(worldOf(manifests), optionsOf(manifests)).snapshot
  })
  const [first] = snapshots as [Snapshot]
  const fromController: ControllerMessage[] = [
    { type: 'hello', protocol: 1, version, epoch: at(0).epoch },
    { type: 'snapshot', ...at(1), snapshot: first },
    ...snapshots.slice(1).map((snapshot, i): ControllerMessage => {
      const delta = deltaOf(snapshots[i] as Snapshot, snapshot)
      return { type: 'delta', ...at(i + 2), delta }
    }),
    { type: 'ping' },
    ...snapshots.map(
      (snapshot, i): ControllerMessage => ({ type: 'snapshot', ...at(i + 9), snapshot }),
    ),
  ]
  const { digest } = first
  const names = { name: 'edge-1', namespace: 'shop' }
  const fromProxy: ProxyMessage[] = [
    { type: 'hello', protocol: 1, version, ...names, ...at(0), digest: '' },
    { type: 'nack', ...at(1), digest: '', problems: ['rules[0].mtls: this field is not known'] },
    { type: 'pong' },
    { type: 'report', ...at(1), digest, ...report },
    { type: 'token', token: 'edge-1' },
    { type: 'ack', ...at(1), digest },
  ]
  return [
    ...fromController.map((message) => `controller ${encodeControllerMessage(message)}\n`),
    ...fromProxy.map((message) => `proxy ${encodeProxyMessage(message)}\n`),
  ].join('')
}
