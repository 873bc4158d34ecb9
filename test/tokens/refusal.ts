import { expect } from 'vitest'
import { type FailureCode, failures } from '../../src/model/failure.ts'
import { tokenFaults } from '../../src/proxy/runtime/token-fault.ts'
import type { TokenAnswer } from './gateway.ts'

/** Status, code and challenge of a refusal (RFC 6750 §3), and that nothing of it reached the backend. */
export function expectRefusal(
  answer: TokenAnswer,
  code: FailureCode,
  authorizer = 'shop/customers',
): void {
  const { status, title } = failures[code]
  const realm = `Bearer realm="${authorizer}"`
  const said = /error_description="([^"]*)"/.exec(answer.field('www-authenticate') ?? '')?.[1] ?? ''
  const description =
    code === 'token_malformed' ? descriptions.find((each) => each === said) : title
  const challenge =
    code === 'credentials_missing'
      ? realm
      : `${realm}, error="invalid_token", error_description="${description}"`
  expect({
    status: answer.status,
    code: codeOf(answer),
    challenge: answer.field('www-authenticate'),
    reached: answer.reached,
  }).toEqual({ status, code, challenge: status === 401 ? challenge : undefined, reached: 0 })
}

const descriptions: readonly string[] = Object.values(tokenFaults)

export const codeOf = (answer: TokenAnswer): string | undefined =>
  answer.field('content-type') === 'application/problem+json'
    ? (JSON.parse(answer.body) as { code?: string }).code
    : undefined

/** What a refusal says would have been enough. */
export const wantedOf = (answer: TokenAnswer): unknown =>
  (JSON.parse(answer.body) as { wanted?: unknown }).wanted
