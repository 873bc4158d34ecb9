import type { Reason } from '../../src/model/problem.ts'

/** What to do about a reason, for `docs/reasons.md`. Empty where there is nothing to do. */
export const reasonNotes: Readonly<Record<Reason, string>> = {
  Accepted: '',
  Invalid:
    'The message names the field and what would be right. Until then the place of the rule is held with 503 `rule_invalid`.',
  Conflicted: 'The message names the winner. Change the match of one of the two, or remove it.',
  HostnameNotOwned: 'Use a hostname of your own namespace, or have the owner release it.',
  NotPermitted: 'Ask the platform: the settings file forbids it for everybody.',
  ResolvedRefs: '',
  BackendNotFound:
    'The message lists the ports that exist. The other backends of the rule are served meanwhile.',
  AuthorizerNotFound:
    'Create or mend the ApiAuthorizer. Until then the rule answers 503: it is never public.',
  RefNotFound: 'Create the object or the key that the message names.',
  RefInvalid: 'The message says what the object should hold instead.',
  RefNotPermitted: 'Ask the owner of the other namespace for a ReferenceGrant.',
  UnsupportedBackend:
    'Use a Service with a selector or EndpointSlices, or a `url` that is not loopback, link-local or a metadata service.',
  ServingLastGood: 'Mend the object. The message names the generation that is still served.',
}
