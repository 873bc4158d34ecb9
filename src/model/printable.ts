import type { Snapshot } from './snapshot.ts'

/** A snapshot without what is confidential: the only form that is printed, logged or compared. */
export const printable = ({ secrets: _, ...rest }: Snapshot): Omit<Snapshot, 'secrets'> => rest
