import { definitions } from '../crds/definitions.ts'
import { failuresPage } from './failures.ts'
import { goldenExamples } from './golden-examples.ts'
import { reasonsPage } from './reasons.ts'

/** Every generated file by its path. @param root of the repository */
export const documents = (root: string): ReadonlyMap<string, string> =>
  new Map([
    ...definitions(),
    ['docs/failures.md', failuresPage()],
    ['docs/reasons.md', reasonsPage(goldenExamples(root))],
  ])
