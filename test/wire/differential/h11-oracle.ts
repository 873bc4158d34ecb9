import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Oracle, Reading } from './reading.ts'

/** Whether python3 is here and has h11. */
export const hasH11 = (): boolean =>
  spawnSync('python3', ['-c', 'import h11'], { stdio: 'ignore' }).status === 0

/** What h11 says, in one process for all inputs: answers come in the order of the questions. */
export function startH11(): Oracle {
  const program = fileURLToPath(new URL('./h11-oracle.py', import.meta.url))
  const python = spawn('python3', ['-u', program], { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting: ((reading: Reading) => void)[] = []
  const failing: ((error: Error) => void)[] = []
  createInterface({ input: python.stdout }).on('line', (line) => {
    failing.shift()
    waiting.shift()?.(JSON.parse(line) as Reading)
  })
  python.on('exit', () => {
    for (const fail of failing.splice(0)) fail(new Error('the h11 process has ended'))
  })
  return {
    read: (bytes) =>
      new Promise((resolve, reject) => {
        waiting.push(resolve)
        failing.push(reject)
        python.stdin.write(`${bytes.toString('base64')}\n`)
      }),
    async close() {
      python.stdin.end()
      if (python.exitCode === null) await once(python, 'exit')
    },
  }
}
