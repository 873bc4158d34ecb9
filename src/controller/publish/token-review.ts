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
    return { namespace, name, expiresWallMs: expiryOf(token) ?? clock.wallMs() + 600_000 }
  }

/** `exp` of a token that was found good: the review does not tell it. */
function expiryOf(token: string): number | undefined {
  try {
    const payload: unknown = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'),
    )
    const exp = (payload as { exp?: unknown } | null)?.exp
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}
