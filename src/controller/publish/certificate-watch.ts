import type { Clock, Timer } from '../../base/clock.ts'
import type { RouteCertificate } from '../../model/certificate.ts'
import { nextWordWallMs } from '../../model/certificate-condition.ts'

/** The time of day may be set, and a machine may sleep: it is looked at again this soon. */
const longestMs = 3_600_000

/** Tells when time alone has changed what there is to say of some certificate. */
export class CertificateWatch {
  readonly #clock: Clock
  readonly #changed: () => void
  #certificates: readonly RouteCertificate[] = []
  #nextWallMs = Number.POSITIVE_INFINITY
  #timer: Timer | undefined

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock
    this.#changed = changed
  }

  update(certificates: readonly RouteCertificate[]): void {
    this.#certificates = certificates
    this.#plan()
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #plan(): void {
    this.close()
    const nowWallMs = this.#clock.wallMs()
    this.#nextWallMs = Number.POSITIVE_INFINITY
    for (const certificate of this.#certificates) {
      const next = nextWordWallMs(certificate, nowWallMs)
      if (next !== undefined && next < this.#nextWallMs) this.#nextWallMs = next
    }
    if (this.#nextWallMs === Number.POSITIVE_INFINITY) return
    const waitMs = Math.min(this.#nextWallMs - nowWallMs, longestMs)
    this.#timer = this.#clock.after(waitMs, () => this.#look())
  }

  #look(): void {
    const isTime = this.#clock.wallMs() >= this.#nextWallMs
    this.#plan()
    if (isTime) this.#changed()
  }
}
