#!/usr/bin/env node
// npm start: the gateway on this machine, with something behind it to try. Ctrl-C leaves nothing behind.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startBackends, stop, switchRegion } from './backends.mjs'
import { keySet, token } from './login.mjs'

const usage = `usage: npm start -- [--port PORT] [--address ADDRESS]

  --port     the gateway's port, 8080 by default; the next two are for the demo and for the admin pages
  --address  where to listen, 127.0.0.1 by default; 0.0.0.0 in a container whose ports are published`

const { port, address } = readOptions()
const ports = { gateway: port, demo: port + 1, admin: port + 2 }
const program = fileURLToPath(new URL('../../dist/fairlead.js', import.meta.url))

if (!existsSync(program)) quit('dist/fairlead.js is missing: npm run build')
for (const each of Object.values(ports)) await requireFree(each)

const backends = await startBackends()
const demo = await startDemo()
const folder = mkdtempSync(join(tmpdir(), 'fairlead-quickstart-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
cpSync(new URL('manifests/', import.meta.url), folder, { recursive: true })
writeFileSync(join(folder, 'endpoints.json'), JSON.stringify(endpoints(), null, 2))

const gateway = startGateway()
let isStopping = false
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, stopAll)
gateway.on('exit', (code) => {
  for (const backend of backends) stop(backend)
  demo.close()
  demo.closeAllConnections()
  if (!isStopping) console.error(`The gateway ended by itself (${code}).`)
  process.exitCode = isStopping ? 0 : 1
})
if (await isReady()) console.log(welcome())

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '8080' },
        address: { type: 'string', default: '127.0.0.1' },
        help: { type: 'boolean', default: false },
      },
    })
    const port = Number(values.port)
    if (values.help) quit(usage, 0)
    if (!Number.isInteger(port) || port < 1 || port > 65_533)
      throw new Error(`--port ${values.port}: a number from 1 to 65533`)
    return { port, address: values.address }
  } catch (error) {
    return quit(`${/** @type {Error} */ (error).message}\n${usage}`)
  }
}

/**
 * @param {string} message
 * @returns {never}
 */
function quit(message, code = 1) {
  console[code === 0 ? 'log' : 'error'](message)
  process.exit(code)
}

/** @param {number} wanted */
async function requireFree(wanted) {
  const socket = connect(wanted, '127.0.0.1')
  const isTaken = await new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  })
  socket.destroy()
  if (isTaken) {
    quit(`Port ${wanted} is taken. Three ports in a row are needed (${port} to ${port + 2}); choose others:

    npm start -- --port ${port + 1000}`)
  }
}

/** Keys and tokens of the demo issuer, and the switch of the regions. */
async function startDemo() {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://demo')
    const [, region, state] = /^\/regions\/([a-z0-9-]+)\/(on|off)$/.exec(url.pathname) ?? []
    response.setHeader('content-type', 'text/plain')
    if (url.pathname === '/keys') {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(keySet()))
    } else if (url.pathname === '/token') {
      response.end(`${token(url.searchParams.get('scope') ?? 'account/read')}\n`)
    } else if (region !== undefined && request.method === 'POST') {
      await switchRegion(backends, region, state === 'on')
      response.end(`${region} is ${state}\n`)
    } else {
      response
        .writeHead(404)
        .end('GET /token, GET /keys, POST /regions/eu-west-1/off, POST /regions/eu-west-1/on\n')
    }
  })
  server.listen(ports.demo, address)
  await once(server, 'listening')
  return server
}

/** What Kubernetes would say about where the Services' pods are. */
function endpoints() {
  const targets = [...backends, { service: 'login', port: ports.demo }]
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: targets.map(({ service, port: target }) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${service}-${target}`,
        namespace: 'quickstart',
        labels: { 'kubernetes.io/service-name': service },
      },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: target, protocol: 'TCP' }],
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    })),
  }
}

function startGateway() {
  const args = ['standalone', '--config', folder, '--allow-loopback', '--region', 'eu-west-1']
  const listeners = ['--http', `${address}:${ports.gateway}`, '--admin', `127.0.0.1:${ports.admin}`]
  const quiet = ['--access-log', 'off', '--log-level', 'warn']
  return spawn(process.execPath, [program, ...args, ...listeners, ...quiet], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

async function isReady() {
  while (gateway.exitCode === null && gateway.signalCode === null) {
    const answer = await fetch(`http://127.0.0.1:${ports.admin}/readyz`).catch(() => undefined)
    if (answer?.ok) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return false
}

function stopAll() {
  if (isStopping) gateway.kill('SIGKILL')
  isStopping = true
  gateway.kill('SIGTERM')
}

function welcome() {
  const base = `http://127.0.0.1:${ports.gateway}`
  const control = `http://127.0.0.1:${ports.demo}`
  return `
Fairlead is running on ${base}. Try:

  # a public route
  curl -i ${base}/orders

  # 80:20 between two regions
  for i in $(seq 20); do curl -s ${base}/orders; done | sort | uniq -c

  # a protected one: 401 without a token, 200 with one, 403 with one for something else
  curl -i ${base}/account/7
  curl -i -H "authorization: Bearer $(curl -s ${control}/token)" ${base}/account/7
  curl -i -H "authorization: Bearer $(curl -s '${control}/token?scope=other')" ${base}/account/7

  # a region dies: no call fails, the traffic moves; then it comes back
  curl -X POST ${control}/regions/eu-west-1/off
  for i in $(seq 20); do curl -s ${base}/orders; done | sort | uniq -c
  curl -X POST ${control}/regions/eu-west-1/on

  # what the gateway thinks of it
  curl -s http://127.0.0.1:${ports.admin}/debug/backends

A token, for an hour:

  ${token('account/read')}

The manifests are in ${folder}: edit them and see. Ctrl-C ends everything.
`
}
