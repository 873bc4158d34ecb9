import { defaultSettings } from '../../../src/model/settings.ts'
import { BodyDecoder } from '../../../src/proxy/http1/body-decoder.ts'
import { RequestParser } from '../../../src/proxy/http1/request-parser.ts'

const { limits } = defaultSettings

/**
 * What our codec alone makes of the bytes of one connection that arrive cut at these positions: every head, body
 * and fault as one text, to be compared with another delivery of the same bytes.
 */
export function codecReading(bytes: Buffer, cuts: readonly number[]): string {
  const parser = new RequestParser(limits)
  const decoder = new BodyDecoder()
  let log = ''
  let start = 0
  let inBody = false
  const take = (part: Buffer, from: number, until: number) => {
    log += part.latin1Slice(from, until)
  }
  for (const end of [...cuts, bytes.length]) {
    // As a connection does: what is not taken stands before what comes next, in memory of its own.
    const window = Buffer.from(bytes.subarray(start, end))
    let at = 0
    while (at < window.length) {
      if (!inBody) {
        const taken = parser.parse(window, at, window.length)
        if (taken < 0) return `${log}\nrefused: ${parser.fault.code}`
        if (taken === 0) break
        at += taken
        const { headers, ...head } = parser.head
        log += `\n${JSON.stringify(head)}\n${headers.print()}\n`
        const framing = head.chunked ? 'chunked' : head.contentLength > 0 ? 'length' : 'none'
        decoder.reset(framing, head.contentLength, limits)
        inBody = !decoder.done
      } else {
        const taken = decoder.decode(window, at, window.length, take)
        if (taken < 0) return `${log}\nrefused: ${decoder.fault.code}`
        at += taken
        inBody = !decoder.done
      }
      if (!inBody && !parser.head.keepAlive) return `${log}\nclosed`
    }
    start += at
  }
  return `${log}\n${inBody ? 'in a body' : start < bytes.length ? 'in a head' : 'through'}`
}
