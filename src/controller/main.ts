import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { createCompiler } from './compile/compile.ts'
import { defaultPairFault } from './compile/default-pair.ts'
import { LastGood } from './last-good.ts'
import { LastGoodPairs } from './last-good-pairs.ts'
import { Batch } from './sources/batching.ts'
import { Directory } from './sources/directory.ts'
import { SettingsFile } from './sources/settings-file.ts'
import { printSourceProblem } from './sources/stock.ts'
import type { Controller, ControllerState } from './state.ts'
import { StateFile } from './state-file.ts'

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
  const stateFile = new StateFile(options.state, log)
  const saved = stateFile.load()
  const lastGood = new LastGood(saved.objects)
  const pairs = new LastGoodPairs(() => clock.wallMs())
  const run = () => {
    const startedMs = clock.nowMs()
    const compileOptions = { className, allowLoopback, settings: settings.current }
    const compiled = lastGood.settle(pairs.complete(directory.shelf.world), (world) =>
      compile(world, compileOptions),
    )
    const problems = [
      ...settings.problemsAnd(defaultPairFault(settings.current, directory.shelf.world.secrets)),
      ...directory.problems(),
    ]
    stateFile.save({
      objects: lastGood.inUse,
      files: directory.shelf.damaged,
      ...(settings.problems.length > 0 && { settings: settings.document }),
    })
    const compileMs = clock.nowMs() - startedMs
    options.publish({ ...compiled, problems, settings: settings.current, compileMs })
  }
  const batch = new Batch(clock, run)
  // What is read before `start` has compiled is no news.
  let isStarted = false
  const changed = () => isStarted && batch.touch()
  const except = [options.settings ?? [], options.state ?? []].flat()
  const directory = new Directory(options.directory, { clock, changed, except, saved: saved.files })
  const settings = new SettingsFile(options.settings, { clock, changed, saved: saved.settings })
  return {
    start() {
      if (!settings.open()) throw new Error(settings.problems.map(printSourceProblem).join('; '))
      directory.open()
      run()
      isStarted = true
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
