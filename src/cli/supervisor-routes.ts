import type { AdminAnswer, AdminRoute } from '../base/admin.ts'
import type { EventLoop } from '../base/event-loop.ts'
import { livenessRoute } from '../base/liveness.ts'
import { describeRuntime, type RuntimeFacts } from '../base/runtime-facts.ts'
import { printable } from '../model/printable.ts'
import type { Page } from '../proxy/workers/messages.ts'
import type { Supervisor } from '../proxy/workers/supervisor.ts'

/** What the pages are made of. */
export interface SupervisorPages {
  readonly supervisor: Supervisor
  /** Of the metrics. */
  readonly contentType: string
  readonly loop: EventLoop
  readonly facts: RuntimeFacts
}

/** What the admin port answers for all workers together. */
export function supervisorRoutes(about: SupervisorPages): AdminRoute[] {
  const { supervisor, facts } = about
  const own = ownRoutes(about)
  const theirs = supervisor.pages.filter(({ path }) => !own.some((each) => each.path === path))
  return [...own, ...theirs.map((page) => routeOf(page, supervisor, facts))]
}

const ownRoutes = ({ supervisor, contentType, loop }: SupervisorPages): AdminRoute[] => [
  livenessRoute(loop, 'the event loop turns; a worker whose loop does not is replaced'),
  {
    path: '/readyz',
    what: 'a snapshot is applied and the listeners are open',
    isLocal: false,
    answer: () =>
      supervisor.ready
        ? { status: 200, body: `ok, workers: ${supervisor.serving}\n` }
        : { status: 503, body: 'not ready: no worker serves, or draining\n' },
  },
  {
    path: '/metrics',
    what: 'Prometheus metrics, summed over the workers',
    isLocal: false,
    answer: async () => ({ status: 200, body: await supervisor.exposition(), contentType }),
  },
  {
    path: '/debug/snapshot',
    what: 'the newest snapshot, without secrets',
    isLocal: true,
    answer: () => ({
      status: 200,
      body: supervisor.snapshot === undefined ? {} : printable(supervisor.snapshot),
    }),
  },
]

/** All workers would explain a route alike, so that one is asked. */
const sameEverywhere = '/debug/routes'

/** Pages about what only workers know. */
const routeOf = (
  { path, what }: Page,
  supervisor: Supervisor,
  facts: RuntimeFacts,
): AdminRoute => ({
  path,
  what: path === sameEverywhere ? what : `${what}; by worker`,
  isLocal: true,
  answer: async (query) => {
    const isSame = path === sameEverywhere
    const pages = await supervisor.page(path, query.toString(), isSame ? 'first' : 'all')
    const [first] = pages
    if (first === undefined) return unanswered
    if (isSame) return { status: first.status, body: first.body }
    const workers = pages.map(({ worker, pid, body }) => ({ worker, pid, answer: body }))
    const own = path === '/debug/runtime' && { supervisor: describeRuntime(facts) }
    return { status: first.status, body: { ...own, workers } }
  },
})

const unanswered: AdminAnswer = { status: 503, body: 'no worker answered in time\n' }
