import { factsOf, type RouteCertificate } from '../../model/certificate.ts'
import type { Problem } from '../../model/problem.ts'
import type { HostTls } from '../../model/snapshot.ts'
import { didYouMean } from '../api/suggest.ts'
import { bundleFault, bundleOf } from './bundle.ts'
import type { CaRefDraft, PairRefDraft, TlsDraft } from './draft-tls.ts'
import type { HostnameDraft } from './drafts.ts'
import { grantProblem, printTarget, type Referrer } from './grants.ts'
import type { Lookup } from './lookup.ts'
import { isOf, namesOf, type Pair, pairOf } from './pair.ts'
import type { Vault } from './vault.ts'

/** The TLS of a route, for each of its hosts: one that the certificate is not of has no `pair`. */
export interface ResolvedTls {
  readonly ofHost: (hostname: string) => HostTls
  /** Absent where none of its hosts has one. */
  readonly certificate?: RouteCertificate
  readonly problems: readonly Problem[]
}

/**
 * Follows the references of `tls`. Where one cannot be followed nothing opens: the host keeps its rules for plaintext, is shown
 * with the default certificate, and takes certificates of clients of the authorities that were found only.
 */
export function resolveTls(
  lookup: Lookup,
  from: Referrer,
  { draft, hostnames }: { readonly draft: TlsDraft; readonly hostnames: readonly HostnameDraft[] },
  vault: Vault,
): ResolvedTls {
  const { pairRef, client, ...rest } = draft
  const problems: Problem[] = []
  const { pair, problem } = pairRef ? resolvePair(lookup, from, pairRef) : {}
  if (problem !== undefined) problems.push(problem)
  const strangers = pair ? namesIn(hostnames).filter((name) => !isOf(pair, name)) : []
  const former = pairRef ? formerFor(strangers, formerPairs(lookup, pairRef)) : noPairs
  if (pairRef && pair && strangers.length > 0)
    problems.push(notOf(pair, pairRef, { strangers, former, isBefore: problem !== undefined }))
  const authorities = client?.caRefs.flatMap((ref) => {
    const found = resolveAuthorities(lookup, from, ref, vault)
    if (typeof found === 'string') return found
    problems.push(found)
    return []
  })
  const common = Object.freeze({
    ...rest,
    ...(client && { client: Object.freeze({ mode: client.mode, authorities: authorities ?? [] }) }),
  })
  const withPair = (shown: Pair): HostTls =>
    Object.freeze({ ...common, pair: vault.keep(shown.text) })
  const whole = pair ? withPair(pair) : common
  const others = new Map(
    strangers.map((name) => {
      const shown = former.get(name)
      return [name, shown ? withPair(shown) : common] as const
    }),
  )
  const [firstFormer] = former.values()
  const shown = strangers.length < hostnames.length ? pair : firstFormer
  return {
    ofHost: (hostname) => others.get(hostname) ?? whole,
    ...(pairRef && shown && { certificate: certificateOf(shown, pairRef, vault) }),
    problems,
  }
}

const namesIn = (hostnames: readonly HostnameDraft[]): readonly string[] =>
  hostnames.map(({ hostname }) => hostname)

const noPairs: ReadonlyMap<string, Pair> = new Map()

/** What a Secret held before, what lasts longest first. */
const formerPairs = (lookup: Lookup, { namespace, name }: PairRefDraft): readonly Pair[] =>
  (lookup.find('formerSecrets', namespace, name) ?? [])
    .flatMap((secret) => {
      const result = pairOf(secret)
      return 'pair' in result ? result.pair : []
    })
    .sort((a, b) => Date.parse(b.leaf.validTo) - Date.parse(a.leaf.validTo))

/** The certificate of each hostname that only an earlier one is of. */
const formerFor = (
  hostnames: readonly string[],
  pairs: readonly Pair[],
): ReadonlyMap<string, Pair> =>
  new Map(
    hostnames.flatMap((name) => {
      const pair = pairs.find((each) => isOf(each, name))
      return pair === undefined ? [] : [[name, pair] as const]
    }),
  )

const certificateOf = (
  { leaf, text }: Pair,
  { namespace, name }: PairRefDraft,
  vault: Vault,
): RouteCertificate =>
  Object.freeze({
    secret: `${namespace}/${name}`,
    print: vault.keep(text),
    ...factsOf(leaf),
  })

/** The hostnames that a certificate is not of, and what they are shown. */
interface Strange {
  readonly strangers: readonly string[]
  readonly former: ReadonlyMap<string, Pair>
  /** It is the one that the Secret held before, too: what it holds now cannot be used. */
  readonly isBefore: boolean
}

function notOf(
  pair: Pair,
  { where }: PairRefDraft,
  { strangers, former, isBefore }: Strange,
): Problem {
  const which = isBefore ? 'that certificate' : 'its certificate'
  const kept = strangers.filter((name) => former.has(name))
  const rest = strangers.filter((name) => !former.has(name))
  const message = [
    `${which} is not of ${quoted(strangers)}; it is of ${namesOf(pair.leaf).join(', ') || 'no DNS name'}`,
    kept.length > 0 && `the one before is shown for ${quoted(kept)}`,
    rest.length > 0 && `the default certificate, if there is one, is shown for ${quoted(rest)}`,
  ]
  return { reason: 'RefInvalid', path: where, message: message.filter(Boolean).join('; ') }
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ')

/** A certificate and its key, as far as there are any, and what is wrong with the Secret. */
export interface ResolvedPair {
  readonly pair?: Pair
  readonly problem?: Problem
}

/** While a Secret cannot be served, or only with a certificate that has expired, what it held before is. */
export function resolvePair(
  lookup: Lookup,
  from: Referrer,
  { where, namespace, name }: PairRefDraft,
): ResolvedPair {
  const ref = { group: '', kind: 'Secret', namespace, name }
  const refused = grantProblem(lookup, from, ref, where)
  if (refused !== undefined) return { problem: refused }
  const secret = lookup.find('secrets', namespace, name)
  if (secret === undefined) {
    const near = didYouMean(name, lookup.names('secrets', namespace))
    const message = `${printTarget(ref)} does not exist${near}`
    return { problem: { reason: 'RefNotFound', path: where, message } }
  }
  const result = pairOf(secret)
  const before = lookup.find('lastGoodSecrets', namespace, name)
  if (before === undefined)
    return 'pair' in result ? result : { problem: unusable(ref, where, result.fault) }
  const fault = 'fault' in result ? result.fault : 'its certificate has expired'
  const problem = unusable(ref, where, `${fault}; the certificate that it held before is shown`)
  const good = pairOf(before)
  return { problem, ...('pair' in good && good) }
}

/** The fingerprint of a bundle of authorities, or why it cannot be used. */
export function resolveAuthorities(
  lookup: Lookup,
  from: Referrer,
  { where, kind, namespace, name, key }: CaRefDraft,
  vault: Vault,
): string | Problem {
  const ref = { group: '', kind, namespace, name }
  const refused = grantProblem(lookup, from, ref, where)
  if (refused !== undefined) return refused
  const table = kind === 'Secret' ? 'secrets' : 'configMaps'
  const object = lookup.find(table, namespace, name)
  if (object === undefined) {
    const near = didYouMean(name, lookup.names(table, namespace))
    return {
      reason: 'RefNotFound',
      path: where,
      message: `${printTarget(ref)} does not exist${near}`,
    }
  }
  if (!Object.hasOwn(object.data, key)) {
    const has = Object.keys(object.data).sort().join(', ') || 'none'
    return {
      reason: 'RefNotFound',
      path: where,
      message: `${printTarget(ref)} has no key "${key}"; it has ${has}`,
    }
  }
  const fault = bundleFault(object.data[key] ?? '', key)
  if (fault !== undefined) return unusable(ref, where, fault)
  return vault.keep(bundleOf(object.data[key] ?? ''))
}

const unusable = (
  ref: Parameters<typeof printTarget>[0],
  where: string,
  fault: string,
): Problem => ({
  reason: 'RefInvalid',
  path: where,
  message: `${printTarget(ref)} cannot be used: ${fault}`,
})
