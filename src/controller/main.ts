import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { createCompiler } from './compile/compile.ts'
import { LastGood } from './last-good.ts'
import { Batch } from './sources/batching.ts'
import { Directory } from './sources/directory.ts'
import { SettingsFile } from './sources/settings-file.ts'
import type { Controller, ControllerState } from './state.ts'

export interface ControllerOptions {
  readonly clock: Clock
  readonly log: Log
  readonly directory: string
  /** Path of the settings file; undefined: the defaults. */
  readonly settings: string | undefined
  /** Folder in which last good objects outlive the process. */
  readonly state: string | undefined
  readonly className: string
  readonly allowLoopback: boolean
  /** Called with each compile's result, first from `start`. */
  readonly publish: (state: ControllerState) => void
}

export function createController(options: ControllerOptions): Controller {
  const { clock, log, className, allowLoopback } = options
  const compile = createCompiler()
  const lastGood = new LastGood(options.state, log)
  const run = () => {
    const startedMs = clock.nowMs()
    const world = directory.shelf.world()
    const compileOptions = { className, allowLoopback, settings: settings.current }
    const compiled = lastGood.settle(world, (complete) => compile(complete, compileOptions))
    const compileMs = clock.nowMs() - startedMs
    const problems = [...settings.problems, ...directory.shelf.problems()]
    options.publish({ ...compiled, problems, settings: settings.current, compileMs })
  }
  const batch = new Batch(clock, run)
  const directory = new Directory(options.directory, { clock, changed: () => batch.touch() })
  const settings = new SettingsFile(options.settings, () => batch.touch())
  return {
    start() {
      settings.open()
      directory.open()
      run()
      directory.watch()
      settings.watch()
    },
    close() {
      batch.close()
      directory.close()
      settings.close()
    },
  }
}
