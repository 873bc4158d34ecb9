import { digestOfHost } from '../../model/digest.ts'
import { compareMatches } from '../../model/match.ts'
import type { Problem } from '../../model/problem.ts'
import { printRef } from '../../model/ref.ts'
import type { Host } from '../../model/snapshot.ts'
import type { AttachedRoute } from './attach.ts'
import type { Candidate, RouteOrder } from './candidate.ts'
import { compareAges, compareTexts, isSameList, sortAgain } from './order.ts'

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

/** Ranks the candidates of every hostname, again and again: a host none of whose routes changed stays the same object (invariant 6). */
export function createRanking(): (routes: readonly AttachedRoute[]) => readonly RankedHost[] {
  let ranked: readonly RankedHost[] = []
  return (routes) => {
    const before = new Map(ranked.map((each) => [each.host.hostname, each]))
    const next = [...routesByHost(routes)].map(([hostname, at]) =>
      rankAgain(hostname, at, before.get(hostname)),
    )
    ranked = sortAgain(ranked, next, (a, b) => compareTexts(a.host.hostname, b.host.hostname))
    return ranked
  }
}

function routesByHost(
  routes: readonly AttachedRoute[],
): ReadonlyMap<string, readonly AttachedRoute[]> {
  const hosts = new Map<string, AttachedRoute[]>()
  for (const route of routes) {
    for (const hostname of route.hostnames) {
      const at = hosts.get(hostname)
      if (at === undefined) hosts.set(hostname, [route])
      else at.push(route)
    }
  }
  return hosts
}

const rankAgain = (
  hostname: string,
  routes: readonly AttachedRoute[],
  before: RankedHost | undefined,
): RankedHost =>
  before !== undefined && isSameList(before.routes, routes)
    ? before
    : rankHost(hostname, routes, before?.candidates ?? [])

function rankHost(
  hostname: string,
  routes: readonly AttachedRoute[],
  previous: readonly Candidate[],
): RankedHost {
  const candidates = sortAgain(
    previous,
    routes.flatMap((route) => route.candidates),
    compareCandidates,
  )
  const winners = new Map<string, Candidate>()
  const conflicts: Conflict[] = []
  for (const candidate of candidates) {
    const winner = winners.get(candidate.key)
    if (winner === undefined) winners.set(candidate.key, candidate)
    else conflicts.push(conflictOf(hostname, winner, candidate))
  }
  const held = routes.some(({ route }) => route.holdsHosts)
  return { host: hostOf(hostname, held, [...winners.values()]), routes, candidates, conflicts }
}

function hostOf(hostname: string, held: boolean, winners: readonly Candidate[]): Host {
  const digest = digestOfHost(
    hostname,
    held,
    winners.map((winner) => winner.digest),
  )
  const entries = Object.freeze(winners.map((winner) => winner.entry))
  return Object.freeze({ hostname, digest, held, entries })
}

/** Precedence of api.md: the match, then age, then `namespace/name`, then the order in the object. Total: never 0 for two candidates. */
export const compareCandidates = (a: Candidate, b: Candidate): number =>
  compareMatches(a.entry.match, b.entry.match) ||
  compareAges(a.order.created, b.order.created) ||
  compareTexts(a.order.id, b.order.id) ||
  compareTexts(a.order.kind, b.order.kind) ||
  a.ruleAt - b.ruleAt ||
  a.matchAt - b.matchAt

function conflictOf(hostname: string, winner: Candidate, loser: Candidate): Conflict {
  const { origin, name } = winner.entry.rule
  const message = `rule "${name}" of ${printRef(origin)} has the same match on host "${hostname}" and comes first`
  return { loser: loser.order, problem: { reason: 'Conflicted', path: loser.where, message } }
}
