import { answerBodyLimits, BodyDecoder } from '../../../src/proxy/http1/body-decoder.ts'
import { ResponseParser } from '../../../src/proxy/http1/response-parser.ts'
import { type AnswerReading, answerHead } from './answer-reading.ts'

export interface CodecReading extends AnswerReading {
  /** Bytes up to the end of the answer, or to where it waits for more; 0 when it was refused. */
  readonly taken: number
  /** The end of the body is the end of the connection. */
  readonly untilClose: boolean
}

/** What our codec makes of the bytes of one answer that arrive cut at these positions, as a backend connection uses it. */
export function codecAnswer(bytes: Buffer, method: string, cuts: readonly number[]): CodecReading {
  const parser = new ResponseParser()
  const decoder = new BodyDecoder()
  const informed: number[] = []
  let head = ''
  let body = ''
  let framing = ''
  let start = 0
  const take = (part: Buffer, from: number, until: number) => {
    body += part.latin1Slice(from, until)
  }
  const reading = (complete: boolean, fault: string): CodecReading => ({
    informed,
    head,
    body,
    complete,
    fault,
    taken: fault === '' ? start : 0,
    untilClose: framing === 'close',
  })
  for (const end of [...cuts, bytes.length]) {
    const window = Buffer.from(bytes.subarray(start, end))
    let at = 0
    while (at < window.length) {
      const isHead = head === ''
      const taken = isHead
        ? parser.parse(window, at, window.length, method)
        : decoder.decode(window, at, window.length, take)
      if (taken < 0) return reading(false, 'refused')
      if (taken === 0) break
      at += taken
      if (isHead) {
        const { status, minorVersion, headers } = parser.head
        if (status === 101) return reading(false, 'refused')
        if (status < 200) {
          informed.push(status)
          continue
        }
        const fields = headers.names.map((name, i) => [name, headers.valueAt(i)] as const)
        head = answerHead(status, minorVersion, fields)
        framing = parser.head.framing
        decoder.reset(parser.head.framing, parser.head.contentLength, answerBodyLimits)
      }
      if (decoder.done) {
        start += at
        return reading(true, '')
      }
    }
    start += at
  }
  return reading(false, '')
}
