import { isFieldText, isTarget, isToken } from './field-scan.ts'
import type { HeaderList } from './header-list.ts'
import type { Framing } from './message.ts'

/**
 * Prints a request head for a backend: one latin1 string with the one framing field that belongs to it.
 * The parts were checked where they came from, the parser or the configuration; what would still end a line or a word
 * here is a fault of ours, and thrown (U10).
 */
export function printRequestHead(
  method: string,
  target: string,
  authority: string,
  headers: HeaderList,
  framing: Framing,
  length: number,
): string {
  if (!isToken(method) || !isTarget(target) || !isFieldText(authority))
    throw new Error('a request line that cannot be printed')
  // A length of 0 that was said goes on: some backends ask for one with every POST (RFC 9110 §8.6, 411).
  const field = length === 0 ? 'content-length: 0\r\n' : framingField(framing, length)
  return `${method} ${target} HTTP/1.1\r\nhost: ${authority}\r\n${headers.print()}${field}\r\n`
}

/** @param connection the value of `connection`, '' for none */
export function printResponseHead(
  status: number,
  headers: HeaderList,
  framing: Framing,
  length: number,
  connection: string,
): string {
  const field = connection === '' ? '' : `connection: ${connection}\r\n`
  return `${statusLine(status)}${headers.print()}${framingField(framing, length)}${field}\r\n`
}

/** RFC 9112 §7.1. */
export const printChunkHead = (size: number): string => `${size.toString(16)}\r\n`

function framingField(framing: Framing, length: number): string {
  if (framing === 'length') return `content-length: ${length}\r\n`
  return framing === 'chunked' ? 'transfer-encoding: chunked\r\n' : ''
}

const lines: string[] = []

/** The reason phrase is optional and nobody's to read (RFC 9112 §4), but some old clients want the space before it. */
const statusLine = (status: number): string =>
  (lines[status] ??= `HTTP/1.1 ${status} ${reasons[status] ?? ''}\r\n`)

const reasons: Record<number, string> = {
  100: 'Continue',
  101: 'Switching Protocols',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
}
