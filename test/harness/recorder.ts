import type { Socket } from 'node:net'
import { type Seen, startUpstream, type Upstream } from './upstream.ts'

/** One message as a backend reads it, by the letter: what a chunked body held, and its framing as it was written. */
export interface Recorded {
  readonly method: string
  readonly target: string
  /** Without the request line. */
  readonly fields: readonly string[]
  readonly body: string
}

/** What one connection has sent that is no message, or not yet. */
interface Rest {
  readonly text: string
  readonly socket: Socket
}

export interface Recorder {
  readonly upstream: Upstream
  readonly port: number
  /** What arrived since the last call, and forgets it. */
  take(): { readonly messages: readonly Recorded[]; readonly rest: readonly Rest[] }
  close(): Promise<void>
}

/**
 * A backend that reads messages in the one form that the gateway prints, and answers each with its method and target.
 * What it cannot read stays in `rest`.
 */
export async function startRecorder(): Promise<Recorder> {
  let messages: Recorded[] = []
  const rests = new Map<Seen, string>()
  const upstream = await startUpstream((seen, part) => {
    let rest = (rests.get(seen) ?? '') + part
    for (let read = readMessage(rest); read !== undefined; read = readMessage(rest)) {
      messages.push(read.message)
      rest = rest.slice(read.size)
      seen.socket.write(answerTo(read.message), 'latin1')
    }
    rests.set(seen, rest)
  })
  return {
    upstream,
    port: upstream.port,
    take() {
      const all = [...rests].map(([{ socket }, text]) => ({ socket, text }))
      const taken = { messages, rest: all.filter(({ text }) => text !== '') }
      messages = []
      rests.clear()
      return taken
    },
    close: () => upstream.close(),
  }
}

function answerTo({ method, target }: Recorded): string {
  const body = `${method} ${target}`
  const head = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`
  return method === 'HEAD' ? head : head + body
}

interface Read {
  readonly message: Recorded
  readonly size: number
}

function readMessage(text: string): Read | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [line = '', ...fields] = text.slice(0, end).split('\r\n')
  const parts = line.split(' ')
  const framing = fields.filter((field) => /^(content-length|transfer-encoding):/i.test(field))
  if (parts.length !== 3 || parts[2] !== 'HTTP/1.1' || framing.length > 1) return undefined
  const [method = '', target = ''] = parts
  const read = readBody(text, end + 4, framing[0])
  if (read === undefined) return undefined
  return { message: { method, target, fields, body: read.body }, size: read.size }
}

function readBody(
  text: string,
  at: number,
  framing: string | undefined,
): { readonly body: string; readonly size: number } | undefined {
  if (framing === undefined) return { body: '', size: at }
  if (framing === 'transfer-encoding: chunked') return readChunks(text, at)
  const length = /^content-length: (0|[1-9][0-9]*)$/.exec(framing)?.[1]
  const size = at + Number(length)
  return size <= text.length ? { body: text.slice(at, size), size } : undefined
}

/** No extension, no trailer, no zero before a size: nothing but what the gateway prints. */
function readChunks(
  text: string,
  from: number,
): { readonly body: string; readonly size: number } | undefined {
  let body = ''
  for (let at = from; ; ) {
    const line = /^(0|[1-9a-f][0-9a-f]*)\r\n/.exec(text.slice(at, at + 20))
    if (line === null) return undefined
    const size = Number.parseInt(line[1] as string, 16)
    const start = at + line[0].length
    at = start + size + 2
    if (text.slice(start + size, at) !== '\r\n') return undefined
    if (size === 0) return { body, size: at }
    body += text.slice(start, start + size)
  }
}
