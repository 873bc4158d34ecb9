import { describe, expect, test } from 'vitest'
import type { AnswerReading } from './differential/answer-reading.ts'
import { type CodecReading, codecAnswer } from './differential/codec-answer.ts'
import { llhttpAnswer } from './differential/llhttp-answer.ts'
import { type BackendBytes, backendBytes } from './differential/response-bytes.ts'
import { everyByte, inLanes, runs, same } from './differential/runs.ts'

/**
 * Rule 2 of the hot path for answers: what our codec accepts from a backend, llhttp accepts when strict, and both see the
 * same head, the same body and the same end, to the byte. See runs.ts for more of it.
 */
const counts = { inputs: 0, accepted: 0, refused: 0, mutatedAndAccepted: 0 }

const gistOf = ({ informed, head, body, complete }: AnswerReading) => ({
  informed,
  head,
  body,
  complete,
})

/** However the bytes are cut, and whether their last line has an end or not. */
function checkCuts(bytes: Buffer, method: string): void {
  const ended = Buffer.concat([bytes, Buffer.from('\n')])
  const whole = codecAnswer(ended, method, [])
  const each = everyByte(ended)
  same('byte by byte', codecAnswer(ended, method, each), whole)
  for (const cut of each) same(`cut at ${cut}`, codecAnswer(ended, method, [cut]), whole)
}

async function check({ method, text, valid }: BackendBytes): Promise<void> {
  const bytes = Buffer.from(text, 'latin1')
  const ours = codecAnswer(bytes, method, [])
  checkCuts(bytes, method)
  counts.inputs++
  if (ours.fault !== '') {
    counts.refused++
    await checkPart(bytes, method, ours)
  } else if (ours.complete || ours.untilClose) {
    counts.accepted++
    if (!valid) counts.mutatedAndAccepted++
    await checkAccepted(bytes, method, ours)
  } else {
    const theirs = await checkPart(bytes, method, ours)
    if (ours.head !== '') same('it is not complete', theirs?.complete, false)
  }
  if (!valid) return
  same('a valid answer is accepted', ours.fault, '')
  same('a valid answer is complete', ours.complete || ours.untilClose, true)
  same('a valid answer is taken to its end', ours.taken, bytes.length)
}

async function checkAccepted(bytes: Buffer, method: string, ours: CodecReading): Promise<void> {
  const message = bytes.subarray(0, ours.taken)
  const whole = await llhttpAnswer(message, method, ours.untilClose)
  same('llhttp has no objection', whole.fault, '')
  same('the answer', { ...gistOf(ours), complete: true }, gistOf(whole))
  const isUnfinished = ours.untilClose ? message : message.subarray(0, -1)
  const early = await llhttpAnswer(isUnfinished, method, false)
  same('before its last byte, or the close, it is not complete', early.complete, false)
}

/** What we have passed on so far, before a fault or for want of more, must be what llhttp has read. */
async function checkPart(
  bytes: Buffer,
  method: string,
  ours: CodecReading,
): Promise<AnswerReading | undefined> {
  if (ours.head === '') return undefined
  const theirs = await llhttpAnswer(bytes, method, true)
  same('the head', [ours.informed, ours.head], [theirs.informed, theirs.head])
  const isBeginning = theirs.body.startsWith(ours.body) || ours.body.startsWith(theirs.body)
  same('the part of the body', isBeginning, true)
  return theirs
}

describe('random answers of backends, valid and mutated', () => {
  test(
    'what our codec accepts, llhttp reads alike: no difference',
    async () => {
      await inLanes(backendBytes, check)
      // Mutations that are all refused, or all harmless, would show nothing.
      expect(counts.mutatedAndAccepted).toBeGreaterThan(counts.inputs / 10)
      expect(counts.refused).toBeGreaterThan(counts.inputs / 10)
      process.stdout.write(`${JSON.stringify(counts)}\n`)
    },
    60_000 + runs * 100,
  )
})
