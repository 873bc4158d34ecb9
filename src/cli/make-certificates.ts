import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { systemClock } from '../base/clock.ts'
import {
  createAuthority,
  issueCertificate,
  type Pair,
  type Validity,
} from '../controller/publish/authority.ts'
import type { DevCertsFlags } from './dev-certs.ts'

const dayMs = 86_400_000

/** Writes an authority, unless there is one, and a certificate for a server and for a client; says what to do with them. */
export async function makeCertificates(
  folder: string,
  { host, days, name, client }: DevCertsFlags,
): Promise<void> {
  const now = systemClock.wallMs()
  const validity = { fromWallMs: now - dayMs, untilWallMs: now + days * dayMs }
  try {
    const files = [name === usualName ? 'server' : name, ...client]
    const twice = files.find((each, at) => files.indexOf(each) !== at)
    if (twice !== undefined) throw new Error(`two certificates would be ${twice}.crt`)
    fs.mkdirSync(folder, { recursive: true })
    const authority = await authorityIn(folder, now)
    const server = await issueCertificate(authority, {
      commonName: 'server',
      dnsNames: host.filter((name) => net.isIP(name) === 0),
      addresses: host.filter((name) => net.isIP(name) !== 0),
      usage: 'server',
      validity,
    })
    write(folder, name === usualName ? 'server' : name, server)
    for (const each of client) write(folder, each, await issueClient(authority, each, validity))
    const text = manifests(authority, server, name)
    fs.writeFileSync(path.join(folder, manifestOf(name)), text, { mode: 0o600 })
  } catch (error) {
    process.stderr.write(`fairlead dev-certs: ${(error as Error).message}\n`)
    process.exitCode = 1
    return
  }
  process.stdout.write(nextSteps(folder, host[0] ?? 'localhost', name))
}

const usualName = 'dev-tls'

const manifestOf = (name: string): string => (name === usualName ? 'tls.yaml' : `${name}.yaml`)

const issueClient = (authority: Pair, name: string, validity: Validity): Promise<Pair> =>
  issueCertificate(authority, {
    commonName: name,
    dnsNames: [`${name}.example`],
    uris: [`spiffe://dev/${name}`],
    usage: 'client',
    validity,
  })

/** The authority lasts ten years: whoever trusts it once need not do it again. */
async function authorityIn(folder: string, now: number): Promise<Pair> {
  const [cert, key] = ['ca.crt', 'ca.key'].map((name) => path.join(folder, name)) as [
    string,
    string,
  ]
  if (fs.existsSync(cert) && fs.existsSync(key))
    return { cert: fs.readFileSync(cert, 'utf8'), key: fs.readFileSync(key, 'utf8') }
  const validity = { fromWallMs: now - dayMs, untilWallMs: now + 3650 * dayMs }
  const authority = await createAuthority('fairlead dev-certs', validity)
  write(folder, 'ca', authority)
  return authority
}

function write(folder: string, name: string, { cert, key }: Pair): void {
  fs.writeFileSync(path.join(folder, `${name}.crt`), `${cert}\n`)
  fs.writeFileSync(path.join(folder, `${name}.key`), `${key}\n`, { mode: 0o600 })
}

const manifests = (authority: Pair, server: Pair, name: string): string => `apiVersion: v1
kind: Secret
metadata: { name: ${name} }
type: kubernetes.io/tls
stringData:
  tls.crt: |
${indented(server.cert)}
  tls.key: |
${indented(server.key)}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: dev-ca }
data:
  ca.crt: |
${indented(authority.cert)}
`

const indented = (pem: string): string => pem.trim().replace(/^/gm, '    ')

const nextSteps = (folder: string, host: string, name: string): string =>
  `Made in ${folder}: an authority (ca.crt), a certificate for the server, those of clients, and ${manifestOf(name)} with a Secret ${name} and a
ConfigMap dev-ca.

1. Copy ${manifestOf(name)} into the folder of your manifests, and give a route of it:
     tls: { secretRef: { name: ${name} } }
2. Start the gateway with --https 127.0.0.1:8443
3. curl --cacert ${path.join(folder, 'ca.crt')} https://${host}:8443/
`
