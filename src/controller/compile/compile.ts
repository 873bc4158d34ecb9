import type { ObjectStatus } from '../../model/problem.ts'
import type { Settings } from '../../model/settings.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { World } from '../api/world.ts'
import { Attaching } from './attach.ts'
import { AuthorizerDrafting, AuthorizerResolving } from './authorizers.ts'
import { Clustering } from './clusters.ts'
import { defaultPairOf } from './default-pair.ts'
import { AuthorizersInUse, clusterUses } from './in-use.ts'
import { createLowering } from './lower.ts'
import { Owning } from './owned.ts'
import { Ranking } from './rank.ts'
import { Reporting } from './report.ts'
import { RouteResolving } from './routes.ts'
import { SecretsInUse } from './secrets-in-use.ts'
import { WorldTables } from './tables.ts'

/** What a compile depends on besides the World. */
export interface CompileOptions {
  /** Routes of another `spec.className` are left alone. */
  readonly className: string
  /** For development: loopback backends, and plain http to issuers on loopback. */
  readonly allowLoopback: boolean
  /** Names of the cluster are refused as `url`: its Services are named as such, and granted. No `--allow-loopback` is pointed to. */
  readonly inCluster?: boolean
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
  a.inCluster === b.inCluster &&
  a.settings.hostOwnership === b.settings.hostOwnership &&
  (a.settings === b.settings ||
    JSON.stringify(a.settings.guardrails) === JSON.stringify(b.settings.guardrails))

/**
 * The steps, in order. Each keeps what it made up to date by what changed before it, so that one edit in many
 * thousand routes costs one route (invariant 6).
 */
function createRun(rulebook: CompileOptions): Compile {
  const drafting = new AuthorizerDrafting(rulebook)
  const tables = new WorldTables()
  const issuers = new AuthorizerResolving()
  const resolving = new RouteResolving(rulebook)
  const owning = new Owning(rulebook.settings.hostOwnership)
  const attaching = new Attaching()
  const ranking = new Ranking()
  const inUse = new AuthorizersInUse()
  const clustering = new Clustering(rulebook.allowLoopback)
  const reporting = new Reporting()
  const secrets = new SecretsInUse()
  const lower = createLowering()

  return (world, { settings }) => {
    const drafts = drafting.update(world)
    tables.update(world, drafts)
    const authorizers = issuers.update(drafts, tables)
    const resolved = resolving.update(world, tables)
    const owned = owning.update(resolved, world.namespaces)
    const routes = attaching.update(owned, drafts)
    const hosts = ranking.update(routes)
    const used = inUse.update(routes, issuers.authorizers)
    const clusters = clustering.update(clusterUses(routes, used), tables)
    reporting.update({ authorizers, routes, hosts, clusters })
    secrets.update(routes)
    const snapshot = lower({
      settings,
      hosts: ranking.hosts,
      clusters: clustering.clusters,
      used: inUse.used,
      ...secrets.with(defaultPairOf(settings, tables.secrets)),
    })
    return { snapshot, statuses: reporting.statuses }
  }
}
