import type http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { selfSigned } from '../harness/certificate.ts'
import { Folder } from '../harness/folder.ts'
import { ControllerProgram, kubeconfig } from './program.ts'

const open: (() => unknown)[] = []
afterEach(() => {
  for (const close of open.splice(0).reverse()) close()
})

const certificate = selfSigned('127.0.0.1')
const authority = {
  'certificate-authority-data': Buffer.from(certificate.cert).toString('base64'),
}

/** An API server that does this with every request, and a promise of the first. */
async function server(act: http.RequestListener) {
  let asked = () => {}
  const first = new Promise<void>((resolve) => {
    asked = resolve
  })
  const api = https.createServer(certificate, (request, response) => {
    asked()
    act(request, response)
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  open.push(() => {
    api.close()
    api.closeAllConnections()
  })
  return { url: `https://127.0.0.1:${(api.address() as AddressInfo).port}`, first }
}

function start(url: string, ...flags: readonly string[]): ControllerProgram {
  const folder = new Folder({ 'kubeconfig.json': kubeconfig(url, authority) })
  const program = new ControllerProgram('--kubeconfig', folder.at('kubeconfig.json'), ...flags)
  open.push(() => program.kill('SIGKILL'))
  return program
}

/** Process 1 of a container has no default action: what it does not take, it never gets. */
test.each<[NodeJS.Signals, string, http.RequestListener, readonly string[]]>([
  ['SIGTERM', 'does not answer', () => {}, []],
  ['SIGQUIT', 'does not answer', () => {}, []],
  ['SIGTERM', 'does not say who owns what is made', () => {}, ['--owner', 'settings']],
  ['SIGTERM', 'refuses', (_, response) => void response.writeHead(503).end(), []],
])(
  '%s before the controller is ready ends it by itself, and with 0, while the API server %s',
  async (signal, _, act, flags) => {
    const { url, first } = await server(act)
    const program = start(url, ...flags)
    await first
    program.kill(signal)
    await program.said(/"message":"stopping/)
    expect(await program.over).toEqual({ code: 0, signal: null })
  },
)
