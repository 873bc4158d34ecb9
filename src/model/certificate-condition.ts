import type { RouteCertificate } from './certificate.ts'

/** The closed list of reasons of the condition `CertificateExpiring`; docs/reasons.md is generated from it. */
export const certificateReasons = {
  CertificateExpiring: 'The certificate that hosts of the route are shown ends within 14 days.',
  CertificateExpired: 'The certificate that hosts of the route are shown has ended.',
} as const

/** There only while it is true. Compile has no clock, so that it cannot know. */
export interface CertificateCondition {
  readonly type: 'CertificateExpiring'
  readonly status: 'True'
  readonly reason: keyof typeof certificateReasons
  readonly message: string
}

const warningMs = 14 * 86_400_000

/** Undefined while there is nothing to say. It says the same from one day to the next: only two moments change it. */
export function certificateCondition(
  certificate: RouteCertificate | undefined,
  nowWallMs: number,
): CertificateCondition | undefined {
  if (certificate === undefined || nowWallMs < certificate.endsWallMs - warningMs) return undefined
  const { secret, names, endsWallMs } = certificate
  const isOver = endsWallMs <= nowWallMs
  const of = names.length === 0 ? '' : ` (of ${names.slice(0, 8).join(', ')})`
  const what = `spec.tls.secretRef: the certificate in Secret "${secret}"${of}`
  const when = new Date(endsWallMs).toISOString()
  return {
    type: 'CertificateExpiring',
    status: 'True',
    reason: isOver ? 'CertificateExpired' : 'CertificateExpiring',
    message: isOver
      ? `${what} ended at ${when} and is still shown; put a new one into the Secret`
      : `${what} ends at ${when}; put a new one into the Secret before`,
  }
}

/** When there will be something else to say; undefined: never. */
export function nextWordWallMs(
  { endsWallMs }: RouteCertificate,
  nowWallMs: number,
): number | undefined {
  return [endsWallMs - warningMs, endsWallMs].find((at) => at > nowWallMs)
}
