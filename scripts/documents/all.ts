import { definitions } from '../crds/definitions.ts'
import { apiPage } from './api.ts'
import { cliPage } from './cli.ts'
import { failuresPage } from './failures.ts'
import { goldenExamples } from './golden-examples.ts'
import { observabilityPage } from './observability.ts'
import { reasonsPage } from './reasons.ts'
import { settingsExample, settingsPage } from './settings.ts'
import { valuesPage } from './values.ts'
import { valuesSchema } from './values-schema.ts'

/** Every generated file by its path. @param root of the repository */
export const documents = (root: string): ReadonlyMap<string, string> =>
  new Map([
    ...definitions(),
    // A chart can only read what lies in its own folder.
    ...[...definitions()].map(([path, text]) => [`helm/fairlead/files/${path}`, text] as const),
    ['docs/api.md', apiPage()],
    ['docs/cli.md', cliPage(root)],
    ['docs/failures.md', failuresPage()],
    ['docs/observability.md', observabilityPage()],
    ['docs/reasons.md', reasonsPage(goldenExamples(root))],
    ['docs/settings.md', settingsPage()],
    ['docs/values.md', valuesPage(root)],
    ['helm/fairlead/values.schema.json', valuesSchema(root)],
    ['examples/settings.yaml', settingsExample()],
  ])
