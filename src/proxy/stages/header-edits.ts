import type { HeaderEdits } from '../../model/snapshot.ts'
import type { HeaderList } from '../http1/header-list.ts'
import { arePrintable } from './field-checks.ts'

/** Makes edits ready; undefined when there are none. */
export function headerEdits(edits: HeaderEdits): ((headers: HeaderList) => void) | undefined {
  const { remove, set, add } = edits
  if (remove.length + set.length + add.length === 0) return undefined
  if (!arePrintable(set) || !arePrintable(add))
    throw new Error('a configured header cannot be printed')
  const removed = remove.length === 0 ? undefined : new Set(remove)
  return (headers) => {
    if (removed !== undefined) headers.removeAny(removed)
    for (let i = 0; i < set.length; i++) {
      const { name, value } = set[i] as (typeof set)[number]
      headers.set(name, value)
    }
    for (let i = 0; i < add.length; i++) {
      const { name, value } = add[i] as (typeof add)[number]
      headers.add(name, value)
    }
  }
}
