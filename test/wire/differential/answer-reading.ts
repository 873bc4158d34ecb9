/** What a reader made of the bytes of one answer. All text is latin1. */
export interface AnswerReading {
  /** Statuses of the 1xx before it. */
  readonly informed: readonly number[]
  /** Status, minor version and fields (names in lower case) of the final head; '' before it is there. */
  readonly head: string
  readonly body: string
  readonly complete: boolean
  /** Why it read no further; '' when nothing was wrong. */
  readonly fault: string
}

/** Fields that a hop keeps for itself; both readers leave them out. */
const hop = new Set(
  `connection keep-alive proxy-connection content-length transfer-encoding upgrade te trailer expect
  http2-settings proxy-authorization`.split(/\s+/),
)

/** @param fields as they came */
export function answerHead(
  status: number,
  minorVersion: number,
  fields: readonly (readonly [name: string, value: string])[],
): string {
  const lower = fields.map(([name, value]) => [name.toLowerCase(), value] as const)
  const named = lower
    .filter(([name]) => name === 'connection')
    .flatMap(([, value]) =>
      value
        .toLowerCase()
        .split(',')
        .map((each) => each.trim()),
    )
  const kept = lower.filter(([name]) => !hop.has(name) && !named.includes(name))
  return JSON.stringify([status, minorVersion, kept])
}
