import { expect, test } from 'vitest'
import { caseNames, optionsOf, readCase, worldOf } from '../../test/golden/case.ts'
import { createCompiler } from '../controller/compile/compile.ts'
import { decodeControllerMessage } from './push-message.ts'
import { snapshotPieces } from './snapshot-pieces.ts'

test('joined, the pieces are the snapshot again', () => {
  for (const name of caseNames()) {
    const manifests = readCase(name)
    const { snapshot } = createCompiler()(worldOf(manifests), optionsOf(manifests))
    const text = [...snapshotPieces({ epoch: 3, sequence: 7, snapshot })].join('')
    expect(decodeControllerMessage(text)).toEqual({
      message: { type: 'snapshot', epoch: 3, sequence: 7, snapshot },
    })
  }
})
