import type { ApiClient } from '../../base/api-client.ts'
import type { Clock } from '../../base/clock.ts'
import type { Identity } from './push-session.ts'

/** Audience of the tokens that proxies are given: worth nothing anywhere else. */
const audience = 'fairlead'

export interface TokenReviewOptions {
  readonly client: ApiClient
  readonly clock: Clock
  /** The only service account that may subscribe. */
  readonly namespace: string
  readonly serviceAccount: string
}

/** Where a token does not tell, and where our clock is so far ahead that a good one seems to be over. */
const usualMs = 600_000

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean
    readonly audiences?: readonly string[]
    readonly user?: {
      readonly username?: string
      readonly extra?: Readonly<Record<string, readonly string[]>>
    }
  }
}

/** Asks the API server whose token it is: it has to be for us, of the proxies' service account, and bound to a Pod. */
export const reviewToken =
  ({ client, clock, namespace, serviceAccount }: TokenReviewOptions) =>
  async (token: string): Promise<Identity | undefined> => {
    const { status } = await client.request<TokenReview>({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: [audience] },
      },
    })
    const name = status?.user?.extra?.['authentication.kubernetes.io/pod-name']?.[0]
    const isGood =
      status?.authenticated === true &&
      status.audiences?.includes(audience) === true &&
      status.user?.username === `system:serviceaccount:${namespace}:${serviceAccount}`
    if (!isGood || name === undefined || name === '') return undefined
    return { namespace, name, goodForMs: remainingOf(token, clock.wallMs()) }
  }

/**
 * How long a token is good that was found good now: the review does not tell it. Its times are the API server's, not ours:
 * it never lasts longer than it was made for, and is not over already, wherever our clock stands (K7).
 */
function remainingOf(token: string, wallMs: number): number {
  const { exp, iat } = claimsOf(token)
  if (exp === undefined) return usualMs
  const remainingMs = exp * 1000 - wallMs
  if (remainingMs <= 0) return usualMs
  return iat === undefined ? remainingMs : Math.min(remainingMs, (exp - iat) * 1000)
}

function claimsOf(token: string): { readonly exp?: number; readonly iat?: number } {
  try {
    const text = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')
    const { exp, iat } = (JSON.parse(text) ?? {}) as { exp?: unknown; iat?: unknown }
    return { ...(isTime(exp) && { exp }), ...(isTime(iat) && { iat }) }
  } catch {
    return {}
  }
}

const isTime = (value: unknown): value is number => Number.isFinite(value)
