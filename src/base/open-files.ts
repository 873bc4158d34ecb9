import fs from 'node:fs'

/** Files and sockets that this process may have open at once; infinite where the system does not tell. */
export function openFileLimit(): number {
  try {
    return limitIn(fs.readFileSync('/proc/self/limits', 'utf8'))
  } catch {
    // Not Linux: the kernel says no when it comes to it.
    return Number.POSITIVE_INFINITY
  }
}

/** The soft limit, which Node raises to the hard one when it starts. */
export function limitIn(text: string): number {
  const found = /^Max open files\s+(\S+)/m.exec(text)?.[1]
  return found === undefined || found === 'unlimited' ? Number.POSITIVE_INFINITY : Number(found)
}
