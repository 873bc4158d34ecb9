import type { FailureDetail } from '../../model/failure.ts'
import type { HeaderList } from '../http1/header-list.ts'

/** How a gateway of this kind names itself in `Via` (RFC 9110 §7.6.3). */
export const pseudonym = '1.1 fairlead'

/** Through gateways of this kind; more than any honest chain of them. */
const mostHops = 8

export const circle: FailureDetail = {
  detail: `The request has come through ${mostHops} gateways already: a backend leads back to this one`,
}

/** A backend that leads back to the gateway would otherwise be asked until something runs out. */
export const isCircling = (headers: HeaderList): boolean =>
  headers
    .all('via')
    .join(',')
    .split(',')
    .filter((hop) => hop.trim() === pseudonym).length >= mostHops
