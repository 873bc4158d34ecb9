import {
  type FailureCode,
  type FailureDetail,
  failures,
  problemTypePrefix,
} from '../../model/failure.ts'

/** The answer to bytes that never became a request: prebuilt unless it has details, without an id, always closing. */
export function refusal(code: FailureCode, detail?: FailureDetail): string {
  return detail === undefined ? (prebuilt[code] ??= build(code)) : build(code, detail)
}

const prebuilt: Partial<Record<FailureCode, string>> = {}

function build(code: FailureCode, detail?: FailureDetail): string {
  const { status, title } = failures[code]
  const body = JSON.stringify({ type: problemTypePrefix + code, title, status, code, ...detail })
  return (
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json\r\n` +
    `content-length: ${body.length}\r\n${code === 'method_not_allowed' ? allow : ''}connection: close\r\n\r\n${body}`
  )
}

/** RFC 9110 §15.5.6 asks for Allow on every 405. */
const allow = 'allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n'
