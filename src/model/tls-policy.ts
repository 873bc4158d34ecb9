/** How a handshake is made for one virtual host: what the runtime knows and the listener needs. */
export interface TlsPolicy {
  /** The host of the snapshot that decides, such as `*.shop.example`; '' for the default certificate. Sessions never leave it. */
  readonly hostname: string
  /** Certificate chain and key in PEM. */
  readonly pair: string
  readonly minVersion: '1.2' | '1.3'
  /** Absent: no certificate is asked for. */
  readonly client?: {
    /** PEM bundles of authorities, with their revocation lists, if any. Empty: no certificate is good. */
    readonly authorities: readonly string[]
  }
  /** What certificates of clients are judged by; '' when none is asked for. */
  readonly clientKey: string
  /** Equal for equal policies. */
  readonly version: string
}
