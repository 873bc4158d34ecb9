import type { Settings } from '../../model/settings.ts'
import type { Secret } from '../api/objects.ts'
import { printTarget } from './grants.ts'
import { type Pair, pairOf } from './pair.ts'
import type { ReadonlyTable } from './table.ts'

/** The pair that the settings name, as far as it can be used; `defaultPairFault` says why not. */
export function defaultPairOf(
  settings: Settings,
  secrets: ReadonlyTable<Secret>,
): Pair | undefined {
  const secret = secretOf(settings, (key) => secrets.get(key))
  const result = secret && pairOf(secret)
  return result !== undefined && 'pair' in result ? result.pair : undefined
}

const secretOf = (
  { listeners }: Settings,
  find: (key: string) => Secret | undefined,
): Secret | undefined => {
  const ref = listeners?.https?.defaultCertificate
  return ref && find(`${ref.namespace}/${ref.name}`)
}

/** Why the certificate that the settings name cannot be shown: a sentence for the log. */
export function defaultPairFault(
  settings: Settings,
  secrets: readonly Secret[],
): string | undefined {
  const ref = settings.listeners?.https?.defaultCertificate
  if (ref === undefined) return undefined
  const secret = secrets.find(
    ({ meta }) => meta.namespace === ref.namespace && meta.name === ref.name,
  )
  const target = `listeners.https.defaultCertificate: ${printTarget({ kind: 'Secret', ...ref })}`
  if (secret === undefined) return `${target} does not exist`
  const result = pairOf(secret)
  return 'fault' in result ? `${target} cannot be used: ${result.fault}` : undefined
}
