import { processOf } from '../api.ts'
import { apply, home, kubectl, lab, pods, release, run, until, waitFor } from '../cluster.ts'
import type { Figure } from '../figures.ts'
import { Load } from '../load.ts'
import { forwards, route } from '../objects.ts'

export interface OutageOptions {
  readonly minutes: number
  readonly say: (figure: Figure) => void
}

/** Controllers and API server away, one proxy's container started anew meanwhile. Each proxy has a load of its own. */
export async function outage({ minutes, say }: OutageOptions): Promise<void> {
  if (lab === undefined)
    return console.log('no FAIRLEAD_LAB: the API server cannot be stopped here')
  await apply(route('steady', forwards('echo')))
  await waitFor('Programmed', 'apiroute/steady')
  const [kept, restarted] = await pods('proxy')
  await kubectl('scale', `deployment/${release}-controller`, '-n', home, '--replicas=0')
  await until(
    async () => ((await pods('controller')).length === 0 ? true : undefined),
    'controllers to go',
  )
  await run(lab, ['pause', 'kube-apiserver'])
  try {
    const loads = [kept, restarted].map(
      (pod) => new Load(pod!.status.podIP, 'steady.example', 50, 8080),
    )
    await new Promise((resolve) => setTimeout(resolve, minutes * 30_000))
    process.kill(processOf(restarted!.metadata.name), 'SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, minutes * 30_000))
    const [steady, other] = await Promise.all(loads.map((load) => load.stop()))
    const printed = (failures: ReadonlyMap<string, number>) =>
      `${[...failures.values()].reduce((sum, count) => sum + count, 0)} ${JSON.stringify([...failures])}`
    say({
      what: `controllers and API server away for ${minutes} min: failed of ${steady!.sent} at the proxy that stays`,
      shown: printed(steady!.failures),
      wanted: '0',
    })
    say({
      what: `failed of ${other!.sent} at the one whose container starts anew`,
      shown: printed(other!.failures),
      wanted: 'only while it starts',
    })
  } finally {
    await run(lab, ['resume', 'kube-apiserver'])
    await until(
      () =>
        kubectl('scale', `deployment/${release}-controller`, '-n', home, '--replicas=2').catch(
          () => undefined,
        ),
      'the API server',
    )
  }
}
