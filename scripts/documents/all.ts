import { failuresPage } from './failures.ts'
import { goldenExamples } from './golden-examples.ts'
import { reasonsPage } from './reasons.ts'

/** Every generated page by its path. @param root of the repository */
export const documents = (root: string): ReadonlyMap<string, string> =>
  new Map([
    ['docs/failures.md', failuresPage()],
    ['docs/reasons.md', reasonsPage(goldenExamples(root))],
  ])
