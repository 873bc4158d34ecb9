import type { AdminRoute } from './admin.ts'
import type { EventLoop } from './event-loop.ts'

/** Busy is not dead: a loop that comes round at all within this time is left alone. */
const deadMs = 30_000

/** `/livez`. It says nothing of backends, issuers or the configuration. */
export const livenessRoute = (loop: EventLoop, what: string): AdminRoute => ({
  path: '/livez',
  what,
  isLocal: false,
  answer: () =>
    loop.turnedWithin(deadMs)
      ? { status: 200, body: 'ok\n' }
      : { status: 503, body: `not alive: the event loop has not turned for ${deadMs / 1000} s\n` },
})
