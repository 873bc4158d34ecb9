import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = join(root, 'examples')

/** Folders of `examples/`. */
export const names: readonly string[] = fs
  .readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

export const readme = (name: string): string =>
  fs.readFileSync(join(examples, name, 'README.md'), 'utf8')

/** What its README says to type, in order. */
export const commands = (name: string): readonly string[] =>
  [...readme(name).matchAll(/^ {4}(\S.*)$/gm)].map(([, command = '']) => command)

/** As Kubernetes has them: Services have a uid. */
export const stored = (files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(files).map(([file, text]) => [
      file,
      text.replaceAll(/(kind: Service\nmetadata: \{) name: ([\w-]+)/g, '$1 uid: uid-$2, name: $2'),
    ]),
  )

/** Its manifests, by file. */
export const manifests = (name: string): Record<string, string> =>
  Object.fromEntries(
    fs
      .readdirSync(join(examples, name))
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => [file, fs.readFileSync(join(examples, name, file), 'utf8')]),
  )

/** What Kubernetes would add: where the pods of a Service are. */
export const endpoints = (services: Readonly<Record<string, number>>, namespace = 'shop'): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: Object.entries(services).map(([service, port]) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${service}-1`,
        namespace,
        labels: { 'kubernetes.io/service-name': service },
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Service', name: service, uid: `uid-${service}` },
        ],
      },
      addressType: 'IPv4',
      ports: [{ name: 'http', port }],
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    })),
  })

/** No name of the internet is known to a program that has this in its environment. */
export const noOutside: Readonly<Record<string, string>> = {
  NODE_OPTIONS: `--import ${pathToFileURL(join(root, 'test/examples/no-outside.mjs'))}`,
}

/** A backend on loopback that says who it is. Stopped, it refuses connections. */
export class StandIn {
  readonly name: string
  port = 0
  #server: http.Server | undefined

  constructor(name: string) {
    this.name = name
  }

  async start(): Promise<this> {
    this.#server = http.createServer((request, response) => {
      const { 'x-user': user, 'x-client-name': client } = request.headers
      response.end(`${this.name} ${request.method} ${request.url} ${user ?? client ?? ''}\n`)
    })
    await new Promise<void>((resolve) => this.#server?.listen(this.port, '127.0.0.1', resolve))
    this.port = (this.#server.address() as AddressInfo).port
    return this
  }

  stop(): void {
    this.#server?.close()
    this.#server?.closeAllConnections()
  }
}
