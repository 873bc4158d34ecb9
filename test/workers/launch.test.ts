import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startProgram } from '../harness/program.ts'

test('the launcher settles the process before anything else, and /debug/runtime shows what is in force', async () => {
  const program = await startProgram({ manifests: {} })
  try {
    const { text } = await program.ask('/debug/runtime')
    expect(JSON.parse(text)).toMatchObject({
      protoDeleted: true,
      linearRegexes: true,
      threadPool: 16,
    })
    // The pool is in use by now; beside it stand the main thread and a few of V8.
    if (process.platform === 'linux')
      expect(readdirSync(`/proc/${program.pid}/task`).length).toBeGreaterThan(16)
  } finally {
    await program.close()
  }
})
