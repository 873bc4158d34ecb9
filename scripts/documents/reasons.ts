import { failoverReasons } from '../../src/controller/publish/failover-reports.ts'
import { programmedReasons } from '../../src/controller/publish/programmed.ts'
import { certificateReasons } from '../../src/model/certificate-condition.ts'
import { issuersReasons } from '../../src/model/issuers-condition.ts'
import { type Reason, reasons } from '../../src/model/problem.ts'
import { reasonNotes } from './reason-notes.ts'

/** `docs/reasons.md`. @param cases the golden case that shows each reason, as a folder name */
export function reasonsPage(cases: Readonly<Partial<Record<Reason, string>>>): string {
  const names = Object.keys(reasons) as Reason[]
  return `<!-- Generated from the lists of reasons in src by \`npm run generate\`. -->
# Reasons

The \`reason\` of every condition comes from this list. The \`message\` beside it says where, what, and what would be right:
\`spec.rules[0].backends[1]: Service "shop/orders" has no port 8080; it has 80, 8443\`. Each example is a folder with the
manifests and the status that they get.

${names.map((name) => section(name, cases[name])).join('\n')}
# Reasons of Programmed
In a cluster every object has this condition, too: whether what is accepted is served. \`kubectl wait --for=condition=Programmed\`
returns when traffic is. Counted on is every ready endpoint of the proxies' Service. Once True for a generation it stays.

${(Object.keys(programmedReasons) as ProgrammedReason[]).map(programmedSection).join('\n')}
${ofIssuers}`
}

const ofIssuers = `# Reasons of IssuersReachable
Only a running gateway knows it, so that \`check\` does not say it. In a cluster every ApiAuthorizer whose keys are fetched has this condition, by what the
proxies report: it is the proxy that fares worst that counts. \`/debug/status\` of a standalone gateway has it, too, and \`/debug/conditions\` of every gateway.

## IssuersReachable: True
${issuersReasons.IssuersReachable}

## IssuerUnreachable
${issuersReasons.IssuerUnreachable}
The message names the issuer, why, and until when the keys that are known verify. See that the gateway reaches the issuer: name, firewall,
certificate. It is tried again by itself.

# Reasons of CertificateExpiring
In a cluster an ApiRoute whose \`tls.secretRef\` holds a certificate that ends soon has this condition, as long as it does. A standalone gateway says it in
its log; the controller says it there of the default certificate. \`fairlead_certificate_not_after_seconds\` counts for all of them.

## CertificateExpiring
${certificateReasons.CertificateExpiring}
Put a new certificate into the Secret: it is shown as soon as it is there. The message names the Secret and the day.

## CertificateExpired
${certificateReasons.CertificateExpired}
It is shown because there is nothing better; clients refuse it.

# Reasons of Events
An Event says what a condition says, when that turns bad and when it is good again, with the reason of the condition (\`ServingCurrent\` when
\`ServingLastGood\` ends, \`CertificateReplaced\` when \`CertificateExpiring\` does). Of a route it says, too, what no condition does:

## FailedOver
${failoverReasons.FailedOver}
The message names rule, backend and region. It is told when the first proxy sees it; \`/debug/backends\` of a proxy says why the endpoints are out.

## Recovered
${failoverReasons.Recovered}
It is told when no proxy goes without the backend any more. Traffic comes back over \`health.slowStart\`.
`

type ProgrammedReason = keyof typeof programmedReasons

const programmedNotes: Readonly<Record<ProgrammedReason, string>> = {
  Programmed: 'The message says how many there are.',
  Waiting:
    'The message names them. A proxy is late when it cannot reach the controller: its log says why, and `/debug/proxies` of the leader whom it knows.',
  Refused:
    'The message holds the problem in the words of the proxy. After an upgrade: one half is more than a minor version behind.',
  TooLarge:
    'The message says how large it is and how large it may be. Remove routes, or serve some of them by another installation.',
  NoProxies: 'See whether the Pods of the proxy are ready.',
  NotAccepted:
    '`Accepted` says what is wrong. Under `ServingLastGood` an earlier generation is served.',
}

const programmedSection = (name: ProgrammedReason): string =>
  `## ${name === 'Programmed' ? 'Programmed: True' : name}\n${programmedReasons[name]}\n${programmedNotes[name]}\n`

function section(name: Reason, example: string | undefined): string {
  const lines = [`## ${name}`, reasons[name], reasonNotes[name]].filter((line) => line !== '')
  if (example !== undefined) lines.push(`[Example](../test/golden/cases/${example}/)`)
  return `${lines.join('\n')}\n`
}
