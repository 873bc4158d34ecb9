// x509 wants its metadata library before anything else of it is loaded.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { systemClock } from '../../src/base/clock.ts'
import { systemDice } from '../../src/base/dice.ts'
import type { Log } from '../../src/base/log.ts'
import { createAuthority, issueCertificate } from '../../src/controller/publish/authority.ts'
import { PushServer, type PushServerOptions } from '../../src/controller/publish/push-server.ts'
import { digestOf, digestOfSnapshot } from '../../src/model/digest.ts'
import { defaultSettings } from '../../src/model/settings.ts'
import type { Host, Snapshot } from '../../src/model/snapshot.ts'
import { Feed, type FeedOptions } from '../../src/proxy/feed/feed.ts'
import { Intake } from '../../src/proxy/feed/intake.ts'
import type { Held } from '../../src/proxy/feed/last-good-file.ts'
import { hostOf, ruleOf } from '../harness/rules.ts'

const quiet: Log = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  isDebug: () => false,
}

const day = 86_400_000
const validity = { fromWallMs: Date.now() - day, untilWallMs: Date.now() + day }
export const serverName = 'controller.test'

export const authority = await createAuthority('test', validity)
export const serverPair = await issueCertificate(authority, {
  commonName: 'controller',
  dnsNames: [serverName],
  usage: 'server',
  validity,
})

/** A client certificate with other names than our own ones have, as other authorities make them. */
export async function clientWith(
  names: x509.JsonGeneralNames,
): Promise<{ cert: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const pemOf = async (key: CryptoKey) =>
    x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key as never), 'PRIVATE KEY')
  const signer = x509.PemConverter.decodeFirst(authority.key)
  const cert = await x509.X509CertificateGenerator.create({
    subject: 'CN=none',
    issuer: new x509.X509Certificate(authority.cert).subject,
    notBefore: new Date(validity.fromWallMs),
    notAfter: new Date(validity.untilWallMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: (await webcrypto.subtle.importKey('pkcs8', signer, algorithm, false, [
      'sign',
    ])) as CryptoKey,
    extensions: [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension(names),
    ],
  })
  return { cert: cert.toString('pem'), key: await pemOf(keys.privateKey) }
}

/** A snapshot that serves these hosts, with true digests. */
export function snapshotOf(...hostnames: string[]): Snapshot {
  const hosts: Host[] = hostnames
    .toSorted()
    .map((hostname) => hostOf(hostname, [['/', ruleOf(`at-${hostname}`)]]))
  const digest = digestOfSnapshot({
    settings: digestOf(defaultSettings),
    hosts: hosts.map((host) => host.digest),
    clusters: [],
    authorizers: [],
    secrets: [],
  })
  return {
    format: 1,
    digest,
    settings: defaultSettings,
    hosts,
    clusters: [],
    authorizers: [],
    secrets: {},
  }
}

/** Waits until it is so; the test's own limit says when it will not be. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** The token `pod-name` is that of Pod shop/pod-name; `bad` is nobody's. */
export async function startServer(own: Partial<PushServerOptions> = {}) {
  const server = new PushServer({
    clock: systemClock,
    log: quiet,
    version: '1',
    host: '127.0.0.1',
    port: 0,
    credentials: serverPair,
    review: async (token) =>
      token === 'bad'
        ? undefined
        : { namespace: 'shop', name: token, goodForMs: Number.POSITIVE_INFINITY },
    changed: () => {},
    propagated: () => {},
    ...own,
  })
  return { server, port: await server.listen() }
}

export interface TestFeed {
  readonly intake: Intake
  readonly applied: Held[]
  readonly problems: (string | undefined)[]
  readonly feed: Feed
}

export function startFeed(
  ports: readonly number[],
  own: Partial<FeedOptions> & {
    readonly token?: string
    readonly apply?: (held: Held) => void
  } = {},
): TestFeed {
  const applied: Held[] = []
  const problems: (string | undefined)[] = []
  const intake = own.intake ?? new Intake(own.apply ?? (() => {}))
  const feed = new Feed({
    clock: systemClock,
    dice: systemDice,
    log: quiet,
    version: '1',
    name: own.token ?? 'a',
    namespace: 'shop',
    intake,
    targets: async () =>
      ports.map((port) => ({ address: '127.0.0.1', port, servername: serverName })),
    credentials: () => ({ ca: authority.cert, token: own.token ?? 'a' }),
    applied: (held) => void applied.push(held),
    state: (problem) => void problems.push(problem),
    ...own,
  })
  void feed.run()
  return { intake, applied, problems, feed }
}
