import { isDeepStrictEqual } from 'node:util'
import { Document, isCollection, visit } from 'yaml'
import type { Authorizer } from '../../src/model/authorization.ts'
import type { Cluster } from '../../src/model/cluster.ts'
import type { ObjectStatus } from '../../src/model/problem.ts'
import { defaultSettings } from '../../src/model/settings.ts'
import type { HostEntry, Rule, Snapshot } from '../../src/model/snapshot.ts'
import {
  authorizerDefaults,
  backendDefaults,
  clusterDefaults,
  issuerDefaults,
  matchDefaults,
  memberDefaults,
  ruleDefaults,
} from './defaults.ts'

/**
 * A snapshot for the eye: each rule once, by its id; hosts name them. Left out: what has the default that api.md
 * documents (`defaults.ts` repeats them), digests, and secrets, of which only fingerprints show.
 */
export function printSnapshot({
  settings,
  hosts,
  clusters,
  authorizers,
  defaultPair,
  secrets,
}: Snapshot): string {
  const rules = new Map(
    hosts.flatMap(({ entries }) => entries.map(({ rule }) => [rule.id, rule] as const)),
  )
  return print({
    ...nonEmpty('settings', without(settings, defaultSettings)),
    hosts: Object.fromEntries(
      hosts.map(({ hostname, held, tls, entries }) => [
        hostname,
        { ...(held && { held }), ...(tls && { tls }), entries: entries.map(entryOf) },
      ]),
    ),
    rules: Object.fromEntries([...rules].map(([id, rule]) => [id, ruleOf(rule)])),
    ...nonEmpty(
      'clusters',
      Object.fromEntries(clusters.map((cluster) => [cluster.id, clusterOf(cluster)])),
    ),
    ...nonEmpty(
      'authorizers',
      Object.fromEntries(authorizers.map((each) => [each.id, authorizerOf(each)])),
    ),
    ...(defaultPair !== undefined && { defaultPair }),
    ...nonEmpty('secrets', Object.keys(secrets)),
  })
}

/** Conditions by object, without uid; an empty message is left out. */
export const printStatuses = (statuses: readonly ObjectStatus[]): string =>
  print(
    Object.fromEntries(
      statuses.map(({ kind, namespace, name, conditions }) => [
        `${kind} ${namespace}/${name}`,
        conditions.map(({ message, ...rest }) => ({ ...rest, ...(message !== '' && { message }) })),
      ]),
    ),
  )

const entryOf = ({ match, rule }: HostEntry) => ({
  match: without(match, matchDefaults),
  rule: rule.id,
})

function ruleOf({ id, route, name, namespace, ...rest }: Rule) {
  const { origin, action, authorize } = rest
  if (
    route !== `${origin.namespace}/${origin.name}` ||
    id !== `${route}/${name}` ||
    namespace !== origin.namespace
  ) {
    throw new Error(`the names of rule ${id} do not fit together`)
  }
  const backends = action.kind === 'forward' && {
    backends: action.backends.map((each) => without(each, backendDefaults)),
  }
  const members = 'members' in authorize && {
    members: authorize.members.map((each) => without(each, memberDefaults)),
  }
  const forwards = action.kind === 'forward'
  const changed = without(rest, forwards ? ruleDefaults : { ...ruleDefaults, action: {} }) as object
  return {
    ...changed,
    action: { ...(without(action, ruleDefaults.action) as object), ...backends },
    authorize: { ...authorize, ...members },
  }
}

const clusterOf = ({ id: _, ...cluster }: Cluster) => without(cluster, clusterDefaults)

/** `version` is a digest. */
const authorizerOf = ({ id: _, version: __, issuers, ...rest }: Authorizer) => ({
  ...(without(rest, authorizerDefaults) as object),
  issuers: issuers.map((issuer) => without(issuer, issuerDefaults)),
})

const nonEmpty = (name: string, value: object) =>
  Object.keys(value).length === 0 ? {} : { [name]: value }

/** A value without the parts that equal the defaults; a list is one part. */
function without(value: object, defaults: object): object {
  const kept = Object.entries(value).flatMap(([key, part]) => {
    const usual = (defaults as Readonly<Record<string, unknown>>)[key]
    if (isDeepStrictEqual(part, usual)) return []
    return [[key, isRecord(part) && isRecord(usual) ? without(part, usual) : part]]
  })
  return Object.fromEntries(kept)
}

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** YAML with sorted keys; what fits stands on one line. */
function print(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false, sortMapEntries: true })
  visit(document, {
    Collection(_key, node) {
      if (isCollection(node) && JSON.stringify(node.toJS(document)).length < 90) node.flow = true
    },
  })
  return document.toString({ lineWidth: 120, flowCollectionPadding: true, blockQuote: 'literal' })
}
