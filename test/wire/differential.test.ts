import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codecReading } from './differential/codec.ts'
import { Gateway, type Outcome } from './differential/gateway.ts'
import { hasH11, startH11 } from './differential/h11-oracle.ts'
import { differences, h11Excuse, llhttpExcuse, type Taken } from './differential/judge.ts'
import { startLlhttp } from './differential/llhttp-oracle.ts'
import type { Oracle, Reading } from './differential/reading.ts'
import { type ClientBytes, clientBytes } from './differential/request-bytes.ts'
import { everyByte, inLanes, runs, same } from './differential/runs.ts'

/**
 * Rule 2 of the hot path: the gateway may refuse more than llhttp does when strict, never accept more, never frame a
 * message differently. Random connections, valid and mutated, go through a real gateway to a recording backend, and
 * what the backend saw is compared with what Node's parser and, where python3 has it, h11 read from the same bytes.
 * See runs.ts for how to try more of them.
 */
const isJudgedByH11 = hasH11()
if (!isJudgedByH11)
  process.stderr.write(
    '\n!! ORACLE SKIPPED: python3 has no h11 here, llhttp alone is the judge\n\n',
  )

const gateway = new Gateway()
let llhttp: Oracle
let h11: Oracle | undefined

beforeAll(async () => {
  await gateway.start()
  llhttp = await startLlhttp()
  if (isJudgedByH11) h11 = startH11()
})

afterAll(async () => {
  await gateway.close()
  await llhttp.close()
  await h11?.close()
})

interface Input {
  readonly client: ClientBytes
  /** In percent of the bytes. */
  readonly cuts: readonly number[]
  /** One in 150 is also split at every byte through the gateway; through the codec alone, all are. */
  readonly everySplit: boolean
}

const input: fc.Arbitrary<Input> = fc.record({
  client: clientBytes,
  cuts: fc.uniqueArray(fc.nat(99), { maxLength: 3 }),
  everySplit: fc.nat(149).map((n) => n === 149),
})

/** The codec without a gateway around it is quick. */
function checkCodec(bytes: Buffer): void {
  // A line that does not end is not looked at again and again: its faults are found at its end, so there is one.
  const ended = Buffer.concat([bytes, Buffer.from('\n')])
  const whole = codecReading(ended, [])
  const each = everyByte(bytes)
  same('byte by byte, the codec alone', codecReading(ended, each), whole)
  for (const cut of each) same(`cut at ${cut}, the codec alone`, codecReading(ended, [cut]), whole)
}

/**
 * Everything that must be the same however the bytes were cut: all up to the first answer that is not the backend's.
 * Whether the connection lives on after that one depends on how much of an unwanted body was there already.
 *
 * @param isOpen the last line has no end: it may have been refused already, or not yet
 */
function gistOf({ statuses, taken }: Outcome, isOpen: boolean) {
  const end = statuses.findIndex((status) => status !== '200')
  const until = end < 0 ? statuses.length : end
  return {
    statuses: statuses.slice(0, isOpen ? until : until + 1),
    forwarded: taken
      .slice(0, until)
      .map(({ recorded }) => `${recorded?.method} ${recorded?.target} ${recorded?.body}`),
  }
}

function waysOf(bytes: Buffer, { cuts, everySplit }: Input): number[][] {
  const each = everyByte(bytes)
  const random = new Set(cuts.map((percent) => Math.ceil((percent * bytes.length) / 100)))
  const some = [...random].filter((cut) => cut > 0 && cut < bytes.length).sort((a, b) => a - b)
  return [each, some, ...(everySplit ? each.map((cut) => [cut]) : [])]
}

const completeIn = (reading: Reading | undefined): number =>
  reading?.messages.filter(({ complete }) => complete).length ?? 0

const isForwarded = ({ recorded }: Taken): boolean => recorded?.complete === true

const counts = { inputs: 0, forwarded: 0, mutatedAndForwarded: 0, mutatedAndRefused: 0 }

async function check(given: Input): Promise<void> {
  const { text, valid, count } = given.client
  const bytes = Buffer.from(text, 'latin1')
  checkCodec(bytes)
  const [byLlhttp, byH11] = await Promise.all([llhttp.read(bytes), h11?.read(bytes)])
  const answers = Math.max(completeIn(byLlhttp), completeIn(byH11))
  const isOpen = codecReading(bytes, everyByte(bytes)).endsWith('in a head')
  const whole = await gateway.take(text, [], answers)

  const judge = (how: string, outcome: Outcome) => {
    const { taken } = outcome
    const forLlhttp = (at: number) => llhttpExcuse(text, taken, byLlhttp, at)
    same(`${how}, llhttp`, differences(taken, byLlhttp, forLlhttp), [])
    if (byH11 !== undefined) {
      const forH11 = (at: number) => h11Excuse(text, byH11, at)
      same(`${how}, h11`, differences(taken, byH11, forH11), [])
    }
    same(`${how}, waits in vain`, outcome.statuses.includes('408'), false)
  }
  judge('whole', whole)
  for (const cuts of waysOf(bytes, given)) {
    const how = cuts.length > 3 ? 'byte by byte' : `cut at ${cuts}`
    const outcome = await gateway.take(text, cuts, answers)
    same(how, gistOf(outcome, isOpen), gistOf(whole, isOpen))
    judge(how, outcome)
  }

  const forwarded = whole.taken.filter(isForwarded).length
  if (valid) {
    same('all is answered', whole.statuses, Array(count).fill('200'))
    same('all is forwarded', forwarded, count)
    if (byH11 !== undefined) same('all is read by h11', completeIn(byH11), count)
  }
  counts.inputs++
  counts.forwarded += forwarded
  if (!valid && forwarded > 0) counts.mutatedAndForwarded++
  if (!valid && whole.statuses.some((status) => status !== '200')) counts.mutatedAndRefused++
}

describe('random client connections, valid and mutated', () => {
  test(
    `what the backend saw is what llhttp${isJudgedByH11 ? ' and h11' : ''} read: no difference`,
    async () => {
      await inLanes(input, check)
      expect(gateway.oddities()).toEqual([])
      // Mutations that are all refused, or all harmless, would show nothing.
      expect(counts.mutatedAndForwarded).toBeGreaterThan(counts.inputs / 10)
      expect(counts.mutatedAndRefused).toBeGreaterThan(counts.inputs / 10)
      process.stdout.write(`${JSON.stringify({ ...counts, deliveries: gateway.deliveries })}\n`)
    },
    60_000 + runs * 200,
  )

  test.skipIf(!isJudgedByH11)('python3 h11 is one of the judges', async () => {
    const reading = await h11?.read(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))
    expect(reading?.messages).toMatchObject([{ method: 'GET', target: '/', complete: true }])
  })
})
