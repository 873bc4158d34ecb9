import type { HostEntry } from '../../model/snapshot.ts'

/** The methods that have a meaning (IANA, HTTP Method Registry), in their one spelling: methods are case-sensitive. */
const registered = new Set(
  `ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL
  MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PROPFIND PROPPATCH PUT QUERY REBIND REPORT SEARCH
  UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL`.split(/\s+/),
)

/** False for a method that nobody has heard of (`get`, too), unless the match names it: a backend might take it for another. */
export const isKnownMethod = (method: string, entry: HostEntry | undefined): boolean =>
  registered.has(method) || entry?.match.methods.length !== 0
