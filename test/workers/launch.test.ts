import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RawClient } from '../harness/client.ts'
import { startProgram } from '../harness/program.ts'

const logOf = (folder: string) => join(folder, 'access.log')

test('the launcher settles the process before anything else, and /debug/runtime shows what is in force', async () => {
  const program = await startProgram({
    manifests: {},
    flags: (folder) => ['--access-log', logOf(folder)],
  })
  try {
    await new RawClient(program.port).send('GET / HTTP/1.0\r\nhost: a\r\n\r\n').untilOver()
    const { text } = await program.ask('/debug/runtime')
    expect(JSON.parse(text)).toMatchObject({
      protoDeleted: true,
      linearRegexes: true,
      threadPool: 16,
    })
    // The access log is a file, so that the pool is in use once a line is there; beside it stand the main thread and V8's.
    if (process.platform !== 'linux') return
    await program.until('/debug/status', () => readFileSync(logOf(program.folder)).length > 0)
    expect(readdirSync(`/proc/${program.pid}/task`).length).toBeGreaterThan(16)
  } finally {
    await program.close()
  }
})
