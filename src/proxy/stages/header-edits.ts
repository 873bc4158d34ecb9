import type { HeaderEdits } from '../../model/snapshot.ts'
import type { HeaderList } from '../http1/header-list.ts'

export const isEmpty = (edits: HeaderEdits): boolean => edits.remove.length + edits.set.length + edits.add.length === 0

/** In the order remove, set, add. */
export function applyEdits(edits: HeaderEdits, headers: HeaderList): void {
  for (const name of edits.remove) headers.remove(name)
  for (const { name, value } of edits.set) headers.set(name, value)
  for (const { name, value } of edits.add) headers.add(name, value)
}
