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

/** The same for a stream of HTTP/2. */
export function refusalFields(code: FailureCode): StreamRefusal {
  const { status, title } = failures[code]
  return (streams[code] ??= {
    status,
    fields: [
      ['content-type', 'application/problem+json'],
      ...(code === 'method_not_allowed' ? [['allow', allowed] as const] : []),
    ],
    body: Buffer.from(JSON.stringify({ type: problemTypePrefix + code, title, status, code })),
  })
}

interface StreamRefusal {
  readonly status: number
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

const streams: Partial<Record<FailureCode, StreamRefusal>> = {}
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
const allowed = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'
const allow = `allow: ${allowed}\r\n`
