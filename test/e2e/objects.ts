import { home, image, shop } from './cluster.ts'

export type Manifest = Readonly<Record<string, unknown>>

const program = `
const http = require('node:http')
const server = http.createServer((request, response) => {
  const { method, url: path, headers } = request
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ pod: process.env.NAME, path, method, headers }))
})
server.keepAliveTimeout = 75000
server.listen(8080)
process.on('SIGTERM', () => setTimeout(() => process.exit(0), 3000))
`

/** A backend that says what it was asked, and which Pod it is: its Deployment and Service. */
export const backend = (name: string, replicas = 2): readonly Manifest[] =>
  workload(name, program, replicas)

/** An issuer inside the cluster that publishes these keys. */
export const issuer = (name: string, ...keys: readonly object[]): readonly Manifest[] => {
  const body = JSON.stringify({ keys })
  const answer = `(_, response) => response.end(${JSON.stringify(body)})`
  // Process 1 of a container takes no signal that it does not ask for.
  const end = `process.on('SIGTERM', () => process.exit(0))`
  return workload(name, `require('node:http').createServer(${answer}).listen(8080);${end}`, 1)
}

const workload = (name: string, script: string, replicas: number): readonly Manifest[] => [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: shop },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            {
              name: 'backend',
              image,
              command: ['/nodejs/bin/node', '-e', script],
              env: [{ name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
              ports: [{ containerPort: 8080 }],
              readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
              // As much of a busy core as a proxy gets: what is measured is not a backend that waits for its turn.
              resources: { requests: { cpu: '100m', memory: '32Mi' } },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: shop },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
  },
]

/** A route of one rule; `rule` is all of it but name and match. */
export const route = (
  name: string,
  rule: Readonly<Record<string, unknown>>,
  spec: Readonly<Record<string, unknown>> = {},
): Manifest => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiRoute',
  metadata: { name, namespace: shop },
  spec: {
    hostnames: [`${name}.example`],
    rules: [{ name: 'all', authorize: { public: true }, ...rule }],
    ...spec,
  },
})

/** Answered by the gateway itself. */
export const says = (body: string) => ({
  respond: { status: 200, body, contentType: 'text/plain' },
})

export const forwards = (service: string, port = 80) => ({
  backends: [{ name: service, service: { name: service, port } }],
})

export const namespace = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    // What the chart runs has to live with the strictest standard.
    ...(name === home && { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } }),
  },
})
