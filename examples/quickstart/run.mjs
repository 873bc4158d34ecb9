#!/usr/bin/env node
// npm start: the gateway on this machine, with something behind it to try. Ctrl-C leaves nothing behind.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startBackends, stop } from './backends.mjs'
import { startDemo } from './demo.mjs'
import { endpoints } from './endpoints.mjs'
import { readOptions } from './options.mjs'
import { requireFree } from './ports.mjs'
import { welcome } from './welcome.mjs'

const { port, address } = readOptions()
const ports = { gateway: port, demo: port + 1, admin: port + 2 }
const program = fileURLToPath(new URL('../../dist/fairlead.js', import.meta.url))
if (!existsSync(program)) quit('dist/fairlead.js is missing: npm run build')
const taken = await requireFree(ports, address)
if (taken !== undefined) quit(taken)

const backends = await startBackends()
const demo = await startDemo(backends, { port: ports.demo, address })
const folder = mkdtempSync(join(tmpdir(), 'fairlead-quickstart-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
cpSync(new URL('manifests/', import.meta.url), folder, { recursive: true })
const list = endpoints([...backends, { service: 'login', port: ports.demo }])
writeFileSync(join(folder, 'endpoints.json'), JSON.stringify(list, null, 2))

const gateway = startGateway()
let isStopping = false
// A terminal sends Ctrl-C to the gateway, too: it gets a moment to end by itself.
process.on('SIGINT', () => stopAll(250))
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP']))
  process.on(signal, () => stopAll(0))
// npm runs us in a shell and tells only that to stop.
const parent = process.ppid
setInterval(() => process.ppid === parent || stopAll(0), 200).unref()
gateway.on('exit', (code) => {
  for (const backend of backends) stop(backend)
  demo.close()
  demo.closeAllConnections()
  if (!isStopping) console.error(`The gateway ended by itself (${code}).`)
  process.exitCode = isStopping ? 0 : 1
})
if (await isReady()) console.log(welcome({ ports, address, folder, program }))

/**
 * @param {string} message
 * @returns {never}
 */
function quit(message) {
  console.error(message)
  process.exit(1)
}

function startGateway() {
  const host = address.includes(':') ? `[${address}]` : address
  const args = ['standalone', '--config', folder, '--allow-loopback', '--region', 'eu-west-1']
  const listeners = ['--http', `${host}:${ports.gateway}`, '--admin', `127.0.0.1:${ports.admin}`]
  const quiet = ['--access-log', 'off', '--log-level', 'warn']
  return spawn(process.execPath, [program, ...args, ...listeners, ...quiet], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

async function isReady() {
  while (!isStopping && gateway.exitCode === null && gateway.signalCode === null) {
    const answer = await fetch(`http://127.0.0.1:${ports.admin}/readyz`).catch(() => undefined)
    if (answer?.ok) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return false
}

/** @param {number} graceMs before the gateway is told, too */
function stopAll(graceMs) {
  if (isStopping) return
  isStopping = true
  setTimeout(() => gateway.kill('SIGTERM'), graceMs).unref()
}
