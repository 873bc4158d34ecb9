import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { Client } from './client.ts'
import { host } from './manifests.ts'

const connections = 32
const path = '/service-7'

export const hasWrk = (): boolean => spawnSync('wrk', ['--version']).error === undefined

/** As many requests as one route takes for some seconds, by wrk where it is installed. @returns how many were answered */
export function hammer(port: number, seconds: number): Promise<number> {
  return hasWrk() ? byWrk(port, seconds) : byClients(port, seconds)
}

async function byWrk(port: number, seconds: number): Promise<number> {
  const url = `http://127.0.0.1:${port}${path}`
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-H', `Host: ${host}`, url]
  const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  await once(child, 'close')
  const faults = /Non-2xx|Socket errors/.exec(text)
  if (faults !== null) throw new Error(`wrk had answers that are no success: ${text}`)
  return Number(/(\d+) requests in/.exec(text)?.[1])
}

async function byClients(port: number, seconds: number): Promise<number> {
  const untilMs = performance.now() + seconds * 1000
  const text = `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`
  let answered = 0
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const client: Client = new Client(port, '127.0.0.1', () => send())
      const failed = (reason: string) => reject(new Error(reason))
      const send = () => {
        if (performance.now() < untilMs)
          return client.send(text, { answered: () => answered++, failed })
        client.close()
        resolve()
      }
      send()
    })
  await Promise.all(Array.from({ length: connections }, one))
  return answered
}
