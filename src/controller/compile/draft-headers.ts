import type { HeaderEdits, HeaderValue } from '../../model/snapshot.ts'
import type { HeaderEditsSpec, HeaderSpec } from '../api/specs.ts'
import type { Checks } from './checks.ts'

/** Fields of the connection and of framing (RFC 9110 §7.6.1, RFC 9112 §6): the gateway alone writes them. */
const connectionFields = new Set([
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Whether a header belongs to the connection, in any spelling (`_` for `-`). */
export const isConnectionField = (name: string): boolean =>
  connectionFields.has(name.replaceAll('_', '-'))

/** What an authorizer may not inject: it would change who calls, whom, or what (api.md). */
const identityFields =
  /^(authorization|proxy-authorization|host|cookie|set-cookie|forwarded|via|traceparent|tracestate|x-request-id|x-amzn-trace-id|x-real-ip|content-.*|x-forwarded-.*)$/

/** Whether an authorizer may set a header from a claim. */
export const isClaimTarget = (name: string): boolean =>
  !isConnectionField(name) && !identityFields.test(name.toLowerCase().replaceAll('_', '-'))

export function checkTargets(names: readonly string[], where: string, checks: Checks): void {
  const refused = names.find((name) => !isClaimTarget(name))
  if (refused !== undefined)
    checks.refuse(
      where,
      `header "${refused}" cannot be injected; use one of your own, such as x-user`,
    )
}

/**
 * Edits of headers: the rule's own and the route's defaults, merged by name; what a rule says about a header goes
 * before the default.
 */
export function draftEdits(
  defaults: HeaderEditsSpec | undefined,
  own: HeaderEditsSpec | undefined,
  where: string,
  checks: Checks,
): HeaderEdits {
  const edits = {
    remove: [
      ...new Set(
        [...(defaults?.remove ?? []), ...(own?.remove ?? [])].map((name) => name.toLowerCase()),
      ),
    ],
    set: mergeHeaders(defaults?.set, own?.set),
    add: mergeHeaders(defaults?.add, own?.add),
  }
  checkNames(namesOf(edits), where, checks)
  return edits
}

/** Edits of requests. A backend that leads back to the gateway is found by what stands in Via. */
export function draftRequestEdits(
  defaults: HeaderEditsSpec | undefined,
  own: HeaderEditsSpec | undefined,
  where: string,
  checks: Checks,
): HeaderEdits {
  const edits = draftEdits(defaults, own, where, checks)
  if (namesOf(edits).includes('via'))
    checks.refuse(where, 'header "via" cannot be edited; leave it out: loops are found by it')
  return edits
}

const namesOf = ({ remove, set, add }: HeaderEdits): readonly string[] => [
  ...remove,
  ...set.map(nameOf),
  ...add.map(nameOf),
]

export function draftHeaders(
  specs: readonly HeaderSpec[],
  where: string,
  checks: Checks,
): readonly HeaderValue[] {
  const headers = specs.map(headerValue)
  checkNames(headers.map(nameOf), where, checks)
  return headers
}

function checkNames(names: readonly string[], where: string, checks: Checks): void {
  const refused = names.find((name) => isConnectionField(name) || name === 'host')
  if (refused === undefined) return
  const right = refused === 'host' ? 'use rewrite.hostname' : 'the gateway alone writes it'
  checks.refuse(where, `header "${refused}" cannot be edited; ${right}`)
}

function mergeHeaders(
  defaults: readonly HeaderSpec[] = [],
  own: readonly HeaderSpec[] = [],
): readonly HeaderValue[] {
  const values = own.map(headerValue)
  const names = new Set(values.map(nameOf))
  return [...defaults.map(headerValue).filter(({ name }) => !names.has(name)), ...values]
}

const headerValue = ({ name, value }: HeaderSpec): HeaderValue => ({
  name: name.toLowerCase(),
  value,
})

const nameOf = ({ name }: HeaderValue): string => name
