import type { AdminRoute } from '../base/admin.ts'
import type { ControllerState } from '../controller/state.ts'

/** How far the newest snapshot has come. */
export interface Progress {
  /** In force wherever requests are served: from now on none sees an older one. */
  readonly applied: boolean
  /** How far each worker is, where there are several. */
  readonly workers?: readonly unknown[]
}

export const statusRoute = (
  state: () => ControllerState | undefined,
  progress: () => Progress,
): AdminRoute => ({
  path: '/debug/status',
  what: 'conditions of every object, problems with files, and whether all of it is in force',
  isLocal: true,
  answer: () => ({
    status: 200,
    body: {
      digest: state()?.snapshot.digest ?? '',
      ...progress(),
      statuses: state()?.statuses ?? [],
      problems: state()?.problems ?? [],
    },
  }),
})
