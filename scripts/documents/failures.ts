import { type FailureCode, failures, problemTypePrefix } from '../../src/model/failure.ts'
import { failureNotes } from './failure-notes.ts'

/** `docs/failures.md`: each failure under a heading that is the last part of its problem type. */
export function failuresPage(): string {
  const codes = Object.keys(failures) as FailureCode[]
  return `<!-- Generated from src/model/failure.ts by \`npm run generate\`. -->
# Failures

What the gateway answers itself, instead of a backend. The body is \`application/problem+json\`
([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)):

\`\`\`json
{
  "type": "${problemTypePrefix}scope_missing",
  "title": "${failures.scope_missing.title}",
  "status": ${failures.scope_missing.status},
  "code": "scope_missing",
  "requestId": "0197..."
}
\`\`\`

Some answers have more members, where there is something to say:

| member | |
|---|---|
| \`detail\` | one sentence about this very request |
| \`wanted\` | the scopes or groups of which the token lacks what the rule asks for |
| \`clock\`, \`limitMs\`, \`spentMs\` | the clock that expired ([timeouts.md](timeouts.md)), its limit, and the time spent |
| \`attempts\` | how many tries at backends there were; the access log has each |

No member holds an address of a backend, or the words of an error of the system: those are in the access log and at \`/debug/backends\`.

What shows more, by what you see, is in [troubleshooting.md](troubleshooting.md).

\`code\` is stable: program against it. The same code is in the access log. A head that cannot be parsed gets a plain
answer without a body, and the connection is closed. A failure after the head of the answer was sent cuts the
connection, so that nobody takes half an answer for a whole one.

| status | code | title |
|---|---|---|
${codes.map((code) => `| ${failures[code].status} | [\`${code}\`](#${code}) | ${failures[code].title} |`).join('\n')}

${codes.map(section).join('\n')}`
}

const section = (code: FailureCode): string => `### ${code}
${failures[code].status}. ${failureNotes[code].when}
${failureNotes[code].remedy}
`
