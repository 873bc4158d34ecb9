import { digestOfHost } from '../../model/digest.ts'
import { compareMatches } from '../../model/match.ts'
import type { Problem } from '../../model/problem.ts'
import { printRef } from '../../model/ref.ts'
import type { Host, HostTls } from '../../model/snapshot.ts'
import type { AttachedRoute } from './attach.ts'
import type { Candidate, RouteOrder } from './candidate.ts'
import { type Delta, groupIn } from './delta.ts'
import { type HostTlsVerdict, hold, tlsOf } from './host-tls.ts'
import { compareAges, compareTexts } from './order.ts'
import { SortedList } from './sorted-list.ts'

/** The ranked table of one hostname, and who lost a place in it. */
export interface RankedHost {
  readonly host: Host
  readonly routes: readonly AttachedRoute[]
  /** Winners and losers in order of precedence. */
  readonly candidates: readonly Candidate[]
  readonly conflicts: readonly Conflict[]
}

export interface Conflict {
  /** The route that lost, by the identity of its order. */
  readonly loser: RouteOrder
  readonly problem: Problem
}

/** The tables of all hostnames, kept up to date: a host none of whose routes changed stays the same object (invariant 6). */
export class Ranking {
  readonly #ranked = new Map<string, RankedHost>()
  readonly #hosts = new SortedList<Host>((a, b) => compareTexts(a.hostname, b.hostname))

  /** Every host, sorted by hostname. */
  get hosts(): readonly Host[] {
    return this.#hosts.values
  }

  update({ gone, come }: Delta<AttachedRoute>): Delta<RankedHost> {
    const leaving = new Set(gone)
    const joining = new Map<string, AttachedRoute[]>()
    for (const route of gone)
      for (const hostname of route.owned.hostnames) groupIn(joining, hostname)
    for (const route of come)
      for (const hostname of route.owned.hostnames) groupIn(joining, hostname).push(route)
    const delta = { gone: [] as RankedHost[], come: [] as RankedHost[] }
    for (const [hostname, routes] of joining) this.#rankAgain(hostname, leaving, routes, delta)
    this.#hosts.apply({ gone: delta.gone.map(hostIn), come: delta.come.map(hostIn) })
    return delta
  }

  #rankAgain(
    hostname: string,
    leaving: ReadonlySet<AttachedRoute>,
    joining: readonly AttachedRoute[],
    delta: { readonly gone: RankedHost[]; readonly come: RankedHost[] },
  ): void {
    const before = this.#ranked.get(hostname)
    if (before !== undefined) delta.gone.push(before)
    const staying = before?.routes.filter((route) => !leaving.has(route)) ?? []
    const routes = [...staying, ...joining]
    if (routes.length === 0) {
      this.#ranked.delete(hostname)
      return
    }
    const candidates = new SortedList(compareCandidates, before?.candidates)
    candidates.apply({
      gone: before?.routes.filter((route) => leaving.has(route)).flatMap(candidatesIn) ?? [],
      come: joining.flatMap(candidatesIn),
    })
    const fresh = rankHost(hostname, routes, candidates.values)
    const isSame = before?.host.digest === fresh.host.digest
    const ranked = isSame ? { ...fresh, host: before.host } : fresh
    this.#ranked.set(hostname, ranked)
    delta.come.push(ranked)
  }
}

const candidatesIn = ({ candidates }: AttachedRoute): readonly Candidate[] => candidates

const hostIn = ({ host }: RankedHost): Host => host

function rankHost(
  hostname: string,
  routes: readonly AttachedRoute[],
  candidates: readonly Candidate[],
): RankedHost {
  const winners = new Map<string, Candidate>()
  const conflicts: Conflict[] = []
  for (const candidate of candidates) {
    const winner = winners.get(candidate.key)
    if (winner === undefined) winners.set(candidate.key, candidate)
    else conflicts.push(conflictOf(hostname, winner, candidate))
  }
  const verdict = tlsOf(hostname, routes)
  conflicts.push(...tlsConflicts(hostname, verdict))
  const serving = [...winners.values()].map((winner) =>
    verdict.held.has(winner.order) ? hold(winner) : winner,
  )
  const held = routes.some(({ owned }) => owned.route.holdsHosts)
  return { host: hostOf(hostname, held, verdict.tls, serving), routes, candidates, conflicts }
}

function hostOf(
  hostname: string,
  held: boolean,
  tls: HostTls | undefined,
  winners: readonly Candidate[],
): Host {
  const digests = winners.map((winner) => winner.digest)
  const policy = { held, ...(tls && { tls }) }
  const digest = digestOfHost(hostname, policy, digests)
  const entries = Object.freeze(winners.map((winner) => winner.entry))
  return Object.freeze({ hostname, digest, ...policy, entries })
}

/** Precedence of api.md: the match, then age, then `namespace/name`, then the order in the object. Total: never 0 for two candidates. */
const compareCandidates = (a: Candidate, b: Candidate): number =>
  compareMatches(a.entry.match, b.entry.match) ||
  compareAges(a.order.created, b.order.created) ||
  compareTexts(a.order.id, b.order.id) ||
  compareTexts(a.order.kind, b.order.kind) ||
  a.ruleAt - b.ruleAt ||
  a.matchAt - b.matchAt

function tlsConflicts(hostname: string, { winner, losers, held }: HostTlsVerdict): Conflict[] {
  if (winner === undefined) return []
  const first = `${printRef(winner.owned.route.origin)} decides about the TLS of host "${hostname}", and does it otherwise`
  return losers.map((loser) => ({
    loser,
    problem: {
      reason: 'Conflicted',
      path: 'spec.tls',
      message: held.has(loser) ? `${first}; the rules are not served there` : first,
    },
  }))
}

function conflictOf(hostname: string, winner: Candidate, loser: Candidate): Conflict {
  const { origin, name } = winner.entry.rule
  const message = `rule "${name}" of ${printRef(origin)} has the same match on host "${hostname}" and comes first`
  return { loser: loser.order, problem: { reason: 'Conflicted', path: loser.where, message } }
}
