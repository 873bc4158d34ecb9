import type { ObjectStatus } from '../../model/problem.ts'
import type { Settings } from '../../model/settings.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { createAttaching } from './attach.ts'
import { createAuthorizerDrafting, createAuthorizerResolving } from './authorizers.ts'
import { createClusterBuilding } from './clusters.ts'
import { authorizersInUse, usesOf } from './in-use.ts'
import { createLowering } from './lower.ts'
import { ownershipOf } from './ownership.ts'
import { createRanking } from './rank.ts'
import { createReporting } from './report.ts'
import { createRouteResolving } from './routes.ts'
import { injectedByTarget } from './strip-headers.ts'
import { createTables } from './tables.ts'
import type { World } from './world.ts'

/** What a compile depends on besides the World. */
export interface CompileOptions {
  /** Routes of another `spec.className` are left alone. */
  readonly className: string
  /** For development: loopback backends, and plain http to issuers on loopback. */
  readonly allowLoopback: boolean
  readonly settings: Settings
}

export interface Compiled {
  readonly snapshot: Snapshot
  /** One for every object of our kinds and class, sorted by kind, namespace and name. */
  readonly statuses: readonly ObjectStatus[]
}

export type Compile = (world: World, options: CompileOptions) => Compiled

/**
 * Makes a compiler: World in, Snapshot and statuses out, total, without clock, environment, I/O or throw on
 * user input (invariant 1). It remembers what it made of each frozen object only to save time: the same
 * World gives the same result whatever came before.
 */
export function createCompiler(): Compile {
  let options: CompileOptions | undefined
  let run: Compile | undefined
  return (world, next) => {
    if (run === undefined || options === undefined || !isSameRulebook(options, next))
      run = createRun(next)
    options = next
    return run(world, next)
  }
}

/** What was drafted under other options may not be served; the rest of the settings goes into the snapshot as it is. */
const isSameRulebook = (a: CompileOptions, b: CompileOptions): boolean =>
  a.className === b.className &&
  a.allowLoopback === b.allowLoopback &&
  (a.settings === b.settings ||
    JSON.stringify(a.settings.guardrails) === JSON.stringify(b.settings.guardrails))

/** The steps, each of which remembers only its own last results. */
function createRun(rulebook: CompileOptions): Compile {
  const draftAuthorizers = createAuthorizerDrafting(rulebook)
  const tablesOf = createTables()
  const resolveAuthorizers = createAuthorizerResolving()
  const resolveRoutes = createRouteResolving(rulebook)
  const attach = createAttaching()
  const rank = createRanking()
  const buildClusters = createClusterBuilding(rulebook.allowLoopback)
  const lower = createLowering()
  const report = createReporting()

  return (world, { settings }) => {
    const drafts = draftAuthorizers(world)
    const tables = tablesOf(world, drafts)
    const authorizers = resolveAuthorizers(drafts, tables)
    const routes = resolveRoutes(world, tables)
    const ownership = ownershipOf(settings.hostOwnership, routes, world.namespaces)
    const attached = attach(routes, ownership, injectedByTarget(routes, drafts))
    const hosts = rank(attached)
    const used = authorizersInUse(attached, authorizers)
    const clusters = buildClusters(usesOf(attached, used), tables)
    const snapshot = lower({ settings, hosts, clusters, authorizers: used })
    const statuses = report({ authorizers, attached, hosts, clusters })
    return { snapshot, statuses }
  }
}
