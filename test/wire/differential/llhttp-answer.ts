import http from 'node:http'
import { Duplex } from 'node:stream'
import { turns } from '../../harness/deliver.ts'
import { type AnswerReading, answerHead } from './answer-reading.ts'
import { pairsOf } from './reading.ts'

/**
 * What Node's client, with everything strict, makes of the bytes of one answer.
 *
 * @param closes the connection ends behind them
 */
export async function llhttpAnswer(
  bytes: Buffer,
  method: string,
  closes: boolean,
): Promise<AnswerReading> {
  const wire = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  const informed: number[] = []
  let fault = ''
  let body = ''
  let response: http.IncomingMessage | undefined
  const fail = (error: NodeJS.ErrnoException) => {
    fault ||= error.code ?? error.message
  }
  const request = http.request({
    method,
    createConnection: () => wire,
    insecureHTTPParser: false,
    maxHeaderSize: 65_536,
  })
  request.on('error', fail)
  request.on('information', ({ statusCode }) => informed.push(statusCode))
  request.on('upgrade', () => fail(new Error('upgraded')))
  request.on('response', (got) => {
    response = got
    got.on('error', fail)
    got.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1')
    })
  })
  request.end()
  await turns(1)
  wire.push(bytes)
  if (closes) wire.push(null)
  await turns(3)
  const head =
    response === undefined
      ? ''
      : answerHead(
          response.statusCode ?? 0,
          response.httpVersionMinor,
          pairsOf(response.rawHeaders),
        )
  wire.destroy()
  return { informed, head, body, complete: response?.complete === true, fault }
}
