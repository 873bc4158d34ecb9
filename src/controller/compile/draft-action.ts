import type { Redirect, Respond } from '../../model/snapshot.ts'
import type { RedirectSpec, RespondSpec, RuleSpec } from '../api/specs.ts'
import type { Checks } from './checks.ts'
import { draftForward, type ForwardSource } from './draft-forward.ts'
import { draftHeaders } from './draft-headers.ts'
import { draftHostname } from './draft-hostname.ts'
import { draftPathRewrite } from './draft-rewrite.ts'
import type { Drafting } from './drafting.ts'
import type { RuleDraft } from './drafts.ts'

/** What a rule does with a request: exactly one of backends, redirect and respond. */
export function draftAction(
  source: ForwardSource,
  drafting: Drafting,
): RuleDraft['action'] | undefined {
  const { spec, where } = source
  const { backends, redirect, respond } = spec
  const chosen = [backends, redirect, respond].filter((each) => each !== undefined)
  if (chosen.length !== 1) {
    return drafting.checks.refuse(where, 'exactly one of backends, redirect and respond is wanted')
  }
  if (backends !== undefined) return draftForward(source, drafting)
  checkForwardOnly(spec, where, drafting.checks)
  return redirect === undefined
    ? respond && draftRespond(respond, `${where}.respond`, drafting.checks)
    : draftRedirect(redirect, source, drafting.checks)
}

const forwardOnly = ['balance', 'retry', 'health', 'failover', 'rewrite', 'upgrade'] as const

/** Nothing is accepted and ignored. The same fields of `defaults` are for the rules that forward. */
function checkForwardOnly(spec: RuleSpec, where: string, checks: Checks): void {
  const vain = forwardOnly.find((field) => spec[field] !== undefined)
  if (vain !== undefined)
    checks.refuse(`${where}.${vain}`, 'has no meaning in a rule without backends; remove it')
}

function draftRedirect(
  spec: RedirectSpec,
  { matches, where }: ForwardSource,
  checks: Checks,
): Redirect {
  const { status = 302, scheme, port } = spec
  const at = `${where}.redirect`
  const hostname =
    spec.hostname === undefined ? undefined : draftHostname(spec.hostname, `${at}.hostname`, checks)
  const path = spec.path && draftPathRewrite(spec.path, matches, `${at}.path`, checks)
  return {
    kind: 'redirect',
    status,
    ...(scheme !== undefined && { scheme }),
    ...(hostname !== undefined && { hostname }),
    ...(port !== undefined && { port }),
    ...(path !== undefined && { path }),
  }
}

/** Statuses that never have a body (RFC 9110 §15.3.5, §15.4.5). */
const bodiless: readonly number[] = [204, 304]

function draftRespond(spec: RespondSpec, where: string, checks: Checks): Respond {
  const { status, body = '', contentType = 'text/plain; charset=utf-8' } = spec
  if (body !== '' && bodiless.includes(status))
    checks.refuse(`${where}.body`, `an answer with status ${status} has no body`)
  return {
    kind: 'respond',
    status,
    body,
    contentType,
    headers: draftHeaders(spec.headers ?? [], `${where}.headers`, checks),
  }
}
