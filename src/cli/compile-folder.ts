import type { Option } from 'commander'
import type { SourceProblem } from '../controller/sources/stock.ts'
import type { RouteCertificate } from '../model/certificate.ts'
import type { ObjectStatus } from '../model/problem.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { option } from './options.ts'

export interface FolderFlags {
  readonly settings?: string
  readonly class: string
  readonly allowLoopback?: boolean
}

/** What a compile of a folder depends on. */
export const folderOptions = (): readonly Option[] => [
  option('--settings <file>', 'settings of the platform (docs/settings.md)'),
  option('--class <name>', 'routes of other classes are left out').default('fairlead'),
  option('--allow-loopback', 'for development: allow backends and issuers on loopback'),
]

export interface CompiledFolder {
  readonly snapshot: Snapshot
  readonly statuses: readonly ObjectStatus[]
  /** With the settings, with files, and with documents that are no objects of ours. */
  readonly problems: readonly SourceProblem[]
  /** What routes are shown with, and the default one. */
  readonly certificates: readonly RouteCertificate[]
}

/** What a folder of manifests compiles to, once, with nothing watched and nothing remembered. Throws when it cannot be read. */
export async function compileFolder(folder: string, flags: FolderFlags): Promise<CompiledFolder> {
  const [
    { certificatesOf },
    { createCompiler },
    { defaultPairFault },
    { Directory },
    { SettingsFile },
    { systemClock },
  ] = await Promise.all([
    import('../controller/certificate-log.ts'),
    import('../controller/compile/compile.ts'),
    import('../controller/compile/default-pair.ts'),
    import('../controller/sources/directory.ts'),
    import('../controller/sources/settings-file.ts'),
    import('../base/clock.ts'),
  ])
  const sources = { clock: systemClock, changed: () => {} }
  const settings = new SettingsFile(flags.settings, sources)
  settings.open()
  const directory = new Directory(folder, { ...sources, except: [flags.settings ?? []].flat() })
  directory.open()
  const compiled = createCompiler()(directory.shelf.world, {
    className: flags.class,
    allowLoopback: flags.allowLoopback ?? false,
    settings: settings.current,
  })
  const unusable = defaultPairFault(settings.current, directory.shelf.world.secrets)
  const problems = [...settings.problemsAnd(unusable), ...directory.problems()]
  const certificates = certificatesOf({ ...compiled, settings: settings.current })
  return { ...compiled, problems, certificates }
}
