import { X509Certificate } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { factsOf, type RouteCertificate } from '../model/certificate.ts'
import { certificateCondition } from '../model/certificate-condition.ts'
import { CertificateWatch } from './publish/certificate-watch.ts'
import type { ControllerState } from './state.ts'

/** Says of each certificate once that it ends within 14 days, and once that it has ended. */
export class CertificateLog {
  readonly #clock: Clock
  readonly #log: Log
  readonly #watch: CertificateWatch
  #certificates: readonly RouteCertificate[] = []
  #said: ReadonlySet<string> = new Set()

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
    this.#watch = new CertificateWatch(clock, () => this.#tell())
  }

  update(certificates: readonly RouteCertificate[]): void {
    this.#certificates = certificates
    this.#tell()
    this.#watch.update(certificates)
  }

  close(): void {
    this.#watch.close()
  }

  #tell(): void {
    const said = new Set<string>()
    for (const certificate of this.#certificates) {
      const condition = certificateCondition(certificate, this.#clock.wallMs())
      if (condition === undefined) continue
      const { secret, print, names, endsWallMs } = certificate
      const word = [secret, print, condition.reason].join(' ')
      const ends = new Date(endsWallMs).toISOString()
      if (!this.#said.has(word) && !said.has(word))
        this.#log.warn(words[condition.reason], { secret, names, ends })
      said.add(word)
    }
    this.#said = said
  }
}

const words = {
  CertificateExpiring: 'a certificate ends soon; put a new one into its Secret',
  CertificateExpired: 'a certificate has ended and is still shown; put a new one into its Secret',
} as const

type Compiled = Pick<ControllerState, 'snapshot' | 'settings' | 'statuses'>

/** That of each route, and the default one. */
export const certificatesOf = (state: Compiled): readonly RouteCertificate[] => [
  ...state.statuses.flatMap(({ certificate = [] }) => certificate),
  ...defaultCertificateOf(state),
]

export function defaultCertificateOf({
  snapshot,
  settings,
}: Omit<Compiled, 'statuses'>): readonly RouteCertificate[] {
  const ref = settings.listeners?.https?.defaultCertificate
  const { defaultPair: print, secrets } = snapshot
  const pem = print === undefined ? undefined : secrets[print]
  if (ref === undefined || print === undefined || pem === undefined) return []
  const secret = `${ref.namespace}/${ref.name}`
  return [{ secret, print, ...factsOf(new X509Certificate(pem)) }]
}
