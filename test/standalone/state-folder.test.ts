import { expect, test } from 'vitest'
import { run } from '../harness/command.ts'
import { Folder } from '../harness/folder.ts'

const ports = ['--http', '127.0.0.1:0', '--admin', '127.0.0.1:0']
const pod = ['--controller', 'a:1', '--ca', 'ca', '--namespace', 'a', '--name', 'b', ...ports]

test.each([
  { command: 'standalone', args: ['--config', '.', ...ports] },
  { command: 'standalone', args: ['--config', '.', '--workers', '2', ...ports] },
  { command: 'proxy', args: pod },
])(
  'a --state that cannot be used ends $command in one line with exit code 1',
  async ({ command, args }) => {
    const folder = new Folder({ state: '' })
    const state = folder.at('state')
    expect(await run([command, ...args, '--state', state], { cwd: folder.path })).toEqual({
      code: 1,
      stdout: '',
      stderr: `fairlead ${command}: --state: ${state} is no folder; give a folder\n`,
    })
  },
)
