import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { stringify } from 'yaml'
import type { Pair } from '../../src/controller/publish/authority.ts'
import { type Program, startProgram } from '../harness/program.ts'

/** The built program with a listener for TLS, on manifests of its own. */
export interface TlsGateway {
  readonly program: Program
  /** Of the listener with TLS. */
  readonly port: number
  close(): Promise<void>
}

export interface GatewayOptions {
  /** Manifests besides, by file. */
  readonly files?: Readonly<Record<string, string>>
  readonly flags?: readonly string[]
}

export async function startGateway(
  documents: readonly object[],
  settings: object = {},
  { files = {}, flags = [] }: GatewayOptions = {},
): Promise<TlsGateway> {
  const program = await startProgram({
    manifests: {
      'all.yaml': yamlOf(documents),
      'settings.json': JSON.stringify(settings),
      ...files,
    },
    flags: (folder) => [
      ...flags,
      '--https',
      '127.0.0.1:0',
      '--settings',
      `${folder}/manifests/settings.json`,
    ],
  })
  const said = await program.said(/"https":"127\.0\.0\.1:(\d+)"/)
  const port = Number(/"https":"127\.0\.0\.1:(\d+)"/.exec(said)?.[1])
  return { program, port, close: () => program.close() }
}

export const yamlOf = (documents: readonly object[]): string =>
  documents.map((document) => stringify(document)).join('---\n')

export const secret = (name: string, { cert, key }: Pair) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'kubernetes.io/tls',
  metadata: { name },
  stringData: { 'tls.crt': `${cert}\n`, 'tls.key': `${key}\n` },
})

export const bundle = (name: string, ...certs: readonly string[]) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { 'ca.crt': certs.map((cert) => `${cert}\n`).join('') },
})

/** Answers its own hostname to everybody. */
export const route = (hostname: string, spec: object = {}) => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiRoute',
  metadata: { name: hostname.replace('*', 'any') },
  spec: {
    hostnames: [hostname],
    rules: [{ name: 'all', authorize: { public: true }, respond: { status: 200, body: hostname } }],
    ...spec,
  },
})

export interface Connected {
  readonly socket: tls.TLSSocket
  /** Status and body of one request for this host. */
  ask(host: string, path?: string): Promise<string>
  close(): void
}

/** A client that trusts everybody: what it is shown is the test's to look at. */
export async function connect(
  port: number,
  servername: string,
  options: tls.ConnectionOptions = {},
): Promise<Connected> {
  const socket = tls.connect({
    port,
    host: '127.0.0.1',
    servername,
    rejectUnauthorized: false,
    ...options,
  })
  await once(socket, 'secureConnect')
  return { socket, ask: (host, path) => ask(socket, host, path), close: () => socket.destroy() }
}

function ask(socket: tls.TLSSocket, host: string, path = '/'): Promise<string> {
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
  let text = ''
  return new Promise((resolve) => {
    const over = (answer: string) => {
      socket.off('data', more).off('close', closed)
      resolve(answer)
    }
    const more = (chunk: Buffer) => {
      text += chunk.toString('latin1')
      const [, status, length, body = ''] =
        /^HTTP\/1\.1 (\d+).*?content-length: (\d+).*?\r\n\r\n(.*)$/is.exec(text) ?? []
      if (status !== undefined && body.length >= Number(length)) over(`${status} ${said(body)}`)
    }
    const closed = () => over(text === '' ? 'closed' : text)
    socket.on('data', more).on('close', closed)
  })
}

/** The body, or the code of a failure. */
const said = (body: string): string =>
  body.startsWith('{') ? String((JSON.parse(body) as { code?: string }).code) : body

/** One request on a connection of its own: `200 api.shop.example`, or why there is no connection. */
export async function get(
  port: number,
  host: string,
  options: tls.ConnectionOptions = {},
): Promise<string> {
  try {
    const client = await connect(port, host, options)
    const answer = await client.ask(host)
    client.close()
    return answer
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

/** What a server answers to bytes, until it closes. */
export async function raw(port: number, ...parts: readonly Buffer[]): Promise<Buffer> {
  const socket = net.connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  const over = new Promise<void>((resolve) => void socket.on('close', () => resolve()))
  await once(socket, 'connect')
  for (const part of parts) {
    socket.write(part)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await over
  return Buffer.concat(chunks)
}
