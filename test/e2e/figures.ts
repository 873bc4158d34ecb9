// npm run figures [-- options]: what issue-sized clusters do, on a real one. `--help` says more.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { outage } from './figures/outage.ts'
import { storm } from './figures/storm.ts'
import { upgrades } from './figures/upgrade.ts'
import { setup } from './set-up.ts'

const usage = `usage: npm run figures [-- options]

  --routes N      routes that are created at once (10000)
  --singles N     routes that are then created one by one (500)
  --requests N    requests at each way of replacing Pods, of three (50000)
  --minutes N     how long controllers and API server are away (10); needs FAIRLEAD_LAB
  --results       write test/e2e/RESULTS.md

Installs the chart in the cluster of KUBECONFIG, as npm run test:e2e does, and takes it away in the end.`

export interface Figure {
  readonly what: string
  readonly shown: string
  readonly wanted: string
}

const { values } = parseArgs({
  options: {
    routes: { type: 'string', default: '10000' },
    singles: { type: 'string', default: '500' },
    requests: { type: 'string', default: '50000' },
    minutes: { type: 'string', default: '10' },
    results: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
if (values.help === true) {
  console.log(usage)
  process.exit(0)
}

const tearDown = await setup()
const figures: Figure[] = []
try {
  const say = (figure: Figure) => {
    figures.push(figure)
    console.log(`${figure.what}: ${figure.shown} (wanted: ${figure.wanted})`)
  }
  if (Number(values.requests) > 0) await upgrades({ requests: Number(values.requests), say })
  if (Number(values.routes) > 0)
    await storm({ routes: Number(values.routes), singles: Number(values.singles), say })
  if (Number(values.minutes) > 0) await outage({ minutes: Number(values.minutes), say })
} finally {
  await tearDown()
}
const page = `# Figures of a cluster
Written by \`npm run figures -- --results\`: two controllers, two proxies, etcd and the API server on one machine with two cores, with the load and
what measures it beside them. How each is measured is in [figures/](figures).

| what | shown | wanted |
|---|---|---|
${figures.map(({ what, shown, wanted }) => `| ${what} | ${shown} | ${wanted} |`).join('\n')}
`
if (values.results === true) writeFileSync('test/e2e/RESULTS.md', page)
process.exit(0)
