let waiting: (() => void)[] = []

/**
 * Runs once everything that the event loop found ready in this turn has been looked at: what many sockets had to say
 * to one can leave it in one write.
 */
export function atTurnEnd(run: () => void): void {
  if (waiting.push(run) === 1) setImmediate(runAll)
}

function runAll(): void {
  const due = waiting
  waiting = []
  for (let i = 0; i < due.length; i++) (due[i] as () => void)()
}
