import type { FailureCode } from '../../model/failure.ts'
import type { ErrorPage, Rule } from '../../model/snapshot.ts'
import { isFieldValue } from '../http1/field-scan.ts'

/** A configured answer to a failure, ready to be sent. */
export interface ReadyPage {
  /** Undefined: the failure's own. */
  readonly status: number | undefined
  readonly contentType: string
  readonly body: Buffer
}

const pages = new WeakMap<ErrorPage, ReadyPage>()

/** What the rule wants to be said instead of a problem document: the first of its `errors` that names the code. */
export function errorPage(rule: Rule | undefined, code: FailureCode): ReadyPage | undefined {
  if (rule === undefined || rule.errors.length === 0) return undefined
  const page = rule.errors.find(
    ({ codes, contentType }) => codes.includes(code) && isFieldValue(contentType),
  )
  if (page === undefined) return undefined
  let made = pages.get(page)
  if (made === undefined) {
    const { status, contentType, body } = page
    pages.set(page, (made = { status, contentType, body: Buffer.from(body, 'utf8') }))
  }
  return made
}
