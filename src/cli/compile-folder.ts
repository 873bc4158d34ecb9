import type { SourceProblem } from '../controller/sources/stock.ts'
import type { ObjectStatus } from '../model/problem.ts'
import type { Snapshot } from '../model/snapshot.ts'

export interface FolderOptions {
  readonly settings?: string
  readonly className: string
  readonly allowLoopback: boolean
}

export interface CompiledFolder {
  readonly snapshot: Snapshot
  readonly statuses: readonly ObjectStatus[]
  readonly problems: readonly SourceProblem[]
}

/** What a folder of manifests compiles to, once, with nothing watched and nothing remembered. */
export async function compileFolder(
  folder: string,
  options: FolderOptions,
): Promise<CompiledFolder> {
  const [{ createCompiler }, { Directory }, { SettingsFile }, { systemClock }] = await Promise.all([
    import('../controller/compile/compile.ts'),
    import('../controller/sources/directory.ts'),
    import('../controller/sources/settings-file.ts'),
    import('../base/clock.ts'),
  ])
  const sources = { clock: systemClock, changed: () => {} }
  const settings = new SettingsFile(options.settings, sources)
  settings.open()
  const directory = new Directory(folder, { ...sources, except: [options.settings ?? []].flat() })
  directory.open()
  const { className, allowLoopback } = options
  const compiled = createCompiler()(directory.shelf.world, {
    className,
    allowLoopback,
    settings: settings.current,
  })
  return { ...compiled, problems: [...settings.problems, ...directory.problems()] }
}
