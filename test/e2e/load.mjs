// node load.mjs ADDRESS PORT HOST RATE: sends requests until standard input ends, then prints what became of them as JSON.
// A process of its own, so that what it measures is not its test's own work.
import http from 'node:http'

const [address, port, host, rate] = process.argv.slice(2)
const agent = new http.Agent({ keepAlive: true, maxSockets: 256 })
const failures = new Map()
const latencies = []
const startMs = performance.now()
let sent = 0
let over = 0
let isStopping = false

const failed = (why) => failures.set(why, (failures.get(why) ?? 0) + 1)

/** Rejects when there is no answer within two seconds. */
const ask = (path) =>
  new Promise((resolve, reject) => {
    const options = { host: address, port, path, agent, headers: { host }, timeout: 2000 }
    const request = http.get(options, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (part) => (body += part))
      response.on('end', () => resolve({ status: response.statusCode, body }))
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error('no answer within two seconds')))
    request.on('error', reject)
  })

async function send(dueMs) {
  const path = `/load/${sent++}`
  try {
    const { status, body } = await ask(path)
    if (status !== 200) failed(`${status} ${body.slice(0, 200)}`)
    else if (!body.includes(`"path":"${path}"`)) failed('the answer to another request')
  } catch (error) {
    failed(error.message)
  }
  latencies.push(performance.now() - startMs - dueMs)
  over++
}

function turn() {
  if (isStopping) return finish()
  const nowMs = performance.now() - startMs
  while ((sent * 1000) / rate <= nowMs) void send((sent * 1000) / rate)
  setTimeout(turn, 2)
}

function finish() {
  if (over < sent) return void setTimeout(finish, 20)
  agent.destroy()
  latencies.sort((a, b) => a - b)
  process.stdout.write(JSON.stringify({ sent, failures: [...failures], latencies }))
}

process.stdin.resume().on('end', () => (isStopping = true))
turn()
