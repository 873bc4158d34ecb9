/** Keys as they were when they were fetched: what a restart during an outage of the issuer goes on with. */
export interface SavedKeys {
  /** Where they came from; keys of another place are never taken for these. */
  readonly source: string
  /** Milliseconds since 1970. */
  readonly fetchedMs: number
  /** A JSON Web Key Set of public keys. */
  readonly jwks: string
}
