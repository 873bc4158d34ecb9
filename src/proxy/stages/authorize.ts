import type {
  Authorize,
  AuthorizeMember,
  Authorizer,
  CertificateCondition,
  Wanted,
} from '../../model/authorization.ts'
import type { FailureDetail } from '../../model/failure.ts'
import type { Rule } from '../../model/snapshot.ts'
import type { ClientCertificate } from '../http1/message.ts'
import type { LiveAuthorizer } from '../runtime/authorizer.ts'
import { certify } from '../runtime/certificate-check.ts'
import { claimFits, satisfies } from '../runtime/claims.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { clientKeyOf } from '../runtime/tls-policies.ts'
import type { Refusal } from '../runtime/token-fault.ts'
import type { Verified } from '../runtime/verified-tokens.ts'
import { cutCredential, findCredential, isFolded } from './credential.ts'
import { certificateMissing, type Denial, denial, worstOf } from './denial.ts'
import type { AuthorizationOutcome, Exchange, Next, Policy } from './exchange.ts'
import { fail } from './fail.ts'

/** What one member says. */
type Verdict =
  | { readonly kind: 'allow'; readonly authorizer: LiveAuthorizer; readonly caller: Caller }
  | Denial

/** Who was let through, and until when that holds; Infinity where nothing says. */
interface Caller {
  readonly principal: string
  readonly headers: readonly (readonly [string, string])[]
  readonly expiresWallMs: number
}

/**
 * Lets nobody through whom the rule does not allow. Everything that is missing, broken or undecided is a refusal:
 * there is no way from here to `next` but a verified allow, or `public` written out.
 */
export function authorize({ authorize: rule }: Rule, runtime: Runtime): Policy {
  if (rule.kind === 'public') return open
  if (rule.kind === 'deny') return closed
  const decide = rule.kind === 'anyOf' ? anyOf : allOf
  return { request: (exchange, next) => decide(rule, exchange, runtime, next) }
}

const everybody: AuthorizationOutcome = Object.freeze({
  authorizer: '',
  verdict: 'public',
  principal: '',
  expiresWallMs: Number.POSITIVE_INFINITY,
})

const open: Policy = {
  request: (exchange, next) => {
    exchange.authorization = everybody
    next(exchange)
  },
}

const closed: Policy = { request: (exchange) => fail(exchange, 'authorizer_unavailable') }

type Group = Extract<Authorize, { kind: 'anyOf' | 'allOf' }>

/** One member whose token is known: the whole of it runs without waiting. */
function anyOf({ members }: Group, exchange: Exchange, runtime: Runtime, next: Next): void {
  const denials: Denial[] = []
  const order = inOrder(members, exchange, runtime)
  const step = (at: number): void => {
    const member = order[at]
    if (member === undefined) return refuse(exchange, worstOf(denials))
    check(member, exchange, runtime, (verdict) => {
      if (verdict.kind === 'allow') return admit([verdict], exchange, next)
      denials.push(verdict)
      if (verdict.code === 'bad_request') return refuse(exchange, verdict)
      step(at + 1)
    })
  }
  step(0)
}

/** The first 401 or 403 in order wins, else 503 if any. */
function allOf({ members }: Group, exchange: Exchange, runtime: Runtime, next: Next): void {
  const allowed: Extract<Verdict, { kind: 'allow' }>[] = []
  let undecided: Denial | undefined
  const order = inOrder(members, exchange, runtime)
  const step = (at: number): void => {
    const member = order[at]
    if (member === undefined)
      return undecided === undefined ? admit(allowed, exchange, next) : refuse(exchange, undecided)
    check(member, exchange, runtime, (verdict) => {
      if (verdict.kind === 'allow') allowed.push(verdict)
      else if (verdict.status === 503) undecided ??= verdict
      else return refuse(exchange, verdict)
      step(at + 1)
    })
  }
  step(0)
}

/** Members whose credential is there go first. */
function inOrder(
  members: readonly AuthorizeMember[],
  exchange: Exchange,
  runtime: Runtime,
): readonly AuthorizeMember[] {
  if (members.length === 1) return members
  const hasCredential = ({ authorizer }: AuthorizeMember) => {
    const live = runtime.authorizers.get(authorizer)
    return (
      live !== undefined &&
      findCredential(live.config.from, exchange.headers, exchange.query) !== undefined
    )
  }
  return [...members.filter(hasCredential), ...members.filter((member) => !hasCredential(member))]
}

/** Answers at once where it can: only a token that is new, or old, has to be waited for. */
function check(
  member: AuthorizeMember,
  exchange: Exchange,
  runtime: Runtime,
  done: (verdict: Verdict) => void,
): void {
  const authorizer = runtime.authorizers.get(member.authorizer)
  if (authorizer === undefined) return done(denial('authorizer_unavailable', member.authorizer))
  const { certificate } = authorizer.config
  if (certificate !== undefined) return done(certified(member, authorizer, certificate, exchange))
  const found = findCredential(authorizer.config.from, exchange.headers, exchange.query)
  if (found === undefined) return done(denial('credentials_missing', member.authorizer))
  if (found === 'twice') return done(twice(member))
  const known = authorizer.known(found.token)
  if (known !== undefined) return done(admitted(member, authorizer, known))
  if (isFolded(authorizer.config.from, found.token)) return done(twice(member))
  void authorizer.verify(found.token, exchange.client).then(
    (result) =>
      done(
        'ok' in result
          ? admitted(member, authorizer, result.ok)
          : refused(result, authorizer.config),
      ),
    (error: unknown) => {
      runtime.log.error('a token could not be checked', { authorizer: member.authorizer, error })
      done(denial('authorizer_unavailable', member.authorizer))
    },
  )
}

const twice = ({ authorizer }: AuthorizeMember): Denial =>
  denial('bad_request', authorizer, {
    detail: 'The credential is there twice.',
    reason: 'credential_twice',
  })

const refused = ({ fault, reason }: Refusal, { id, groups }: Authorizer): Denial =>
  denial(fault, id, {
    ...(fault === 'group_missing' && { wanted: namesOf(groups) }),
    ...(reason !== undefined && { reason }),
  })

const namesOf = ({ allOf = [], anyOf = [] }: Wanted = {}): readonly string[] => [...allOf, ...anyOf]

/** What the rule asks beyond a good token. */
function admitted(
  member: AuthorizeMember,
  authorizer: LiveAuthorizer,
  verified: Verified,
): Verdict {
  const { scopes, groups, claims } = member
  if (scopes !== undefined && !satisfies(verified.scopes, scopes))
    return denial('scope_missing', member.authorizer, { wanted: namesOf(scopes) })
  if (groups !== undefined && !satisfies(verified.groups, groups))
    return denial('group_missing', member.authorizer, { wanted: namesOf(groups) })
  if (!claims.every((condition) => claimFits(verified.claims, condition)))
    return denial('claim_mismatch', member.authorizer)
  const { principal, headers } = verified
  if (headers === undefined) return denial('claim_unrepresentable', member.authorizer)
  // Every token that was verified has a time (J10).
  const expiresWallMs = (verified.claims['exp'] as number) * 1000
  return { kind: 'allow', authorizer, caller: { principal, headers, expiresWallMs } }
}

/**
 * The certificate that came with the connection, if the authorities of this very host have judged it, and found it good. A
 * connection may have been made for a host with others, which somebody else has chosen.
 */
function certificateOf({ request, runtime }: Exchange): ClientCertificate | undefined {
  const { certificate, clientKey } = request.peer.tls ?? {}
  if (certificate === undefined || certificate.fault !== undefined) return undefined
  const wanted = clientKeyOf(runtime.router.table(request.head.hostname)?.host.tls)
  return wanted !== '' && wanted === clientKey ? certificate : undefined
}

function certified(
  { authorizer: id, scopes, groups, claims }: AuthorizeMember,
  authorizer: LiveAuthorizer,
  condition: CertificateCondition,
  exchange: Exchange,
): Verdict {
  const certificate = certificateOf(exchange)
  if (certificate === undefined) return denial('credentials_missing', id, noCertificate)
  const found = certify(certificate, condition)
  // No certificate has what is asked of tokens.
  if (found === undefined || scopes !== undefined || groups !== undefined || claims.length > 0)
    return denial('denied', id, otherCertificate)
  const { principal, headers } = found
  if (headers === undefined) return denial('claim_unrepresentable', id)
  const caller = { principal, headers, expiresWallMs: Number.POSITIVE_INFINITY }
  return { kind: 'allow', authorizer, caller }
}

const noCertificate = {
  reason: certificateMissing,
  detail: 'A client certificate of an authority of this host is required.',
}
const otherCertificate = {
  reason: 'client_certificate_other',
  detail: 'The client certificate is not one of those that are admitted.',
}

function admit(
  allowed: readonly Extract<Verdict, { kind: 'allow' }>[],
  exchange: Exchange,
  next: Next,
): void {
  let expiresWallMs = Number.POSITIVE_INFINITY
  for (const { authorizer, caller } of allowed) {
    const { from, forward } = authorizer.config
    if (forward.token === 'Remove')
      exchange.query = cutCredential(from, exchange.headers, exchange.query)
    for (const [name, value] of caller.headers) exchange.headers.set(name, value)
    expiresWallMs = Math.min(expiresWallMs, caller.expiresWallMs)
  }
  const [first] = allowed
  if (first !== undefined) {
    const { id } = first.authorizer.config
    const { principal } = first.caller
    exchange.authorization = { authorizer: id, verdict: 'allow', principal, expiresWallMs }
  }
  exchange.runtime.metrics.authorized(allowed[0]?.authorizer.config.id ?? '', 'allow')
  if (exchange.reply.over) return
  next(exchange)
}

const verdicts: Readonly<Record<number, AuthorizationOutcome['verdict']>> = {
  400: 'unauthenticated',
  401: 'unauthenticated',
  403: 'forbidden',
  503: 'unavailable',
}

function refuse(
  exchange: Exchange,
  { code, status, authorizer, detail, challenges }: Denial,
): void {
  const verdict = verdicts[status] ?? 'unavailable'
  exchange.authorization = { authorizer, verdict, principal: '', expiresWallMs: 0 }
  exchange.runtime.metrics.authorized(authorizer, verdict)
  if (exchange.reply.over) return
  const answer: FailureDetail = challenges.length > 0 ? { ...detail, challenges } : detail
  fail(exchange, code, answer)
}
