import type { Failure, FailureDetail } from '../../model/failure.ts'

/** Bytes as sent. Clients take some KiB of trailers in all. */
const most = 1024

/**
 * What a problem document says, in one line for `grpc-message`; ready to be sent.
 *
 * @param isCovered a page of the rule's own stands for the document: clients over HTTP are told no more than the title
 */
export function callMessage(failure: Failure, detail: FailureDetail, isCovered: boolean): string {
  return bounded(isCovered ? failure.title : sentences(failure, detail).join(' '))
}

function sentences({ code, title }: Failure, { detail, wanted, ...rest }: FailureDetail): string[] {
  return [
    `${code}: ${title}.`,
    ...(detail === undefined ? [] : [detail]),
    ...(wanted === undefined || wanted.length === 0
      ? []
      : [`${wanted.join(', ')} ${wanted.length === 1 ? 'is' : 'are'} wanted.`]),
    ...clockSentence(rest),
  ]
}

/** Whose clock it was, and how to give a call more time. */
function clockSentence({ clock, limitMs }: FailureDetail): string[] {
  if (clock === undefined) return []
  const limit = `${limitMs ?? 0} ms`
  if (clock === 'grpcTimeout') return [`The client's own grpc-timeout of ${limit} is over.`]
  if (clock !== 'idle') return [`timeouts.${clock} of the rule is ${limit}.`]
  return [
    `No byte went either way for ${limit}: send one in time, or raise timeouts.idle of the rule.`,
  ]
}

/** Whole characters, however many bytes they take. */
function bounded(text: string): string {
  const encoded = percentEncoded(text)
  if (encoded.length <= most) return encoded
  let kept = ''
  for (const sign of text) {
    const next = kept + percentEncoded(sign)
    if (next.length > most - 3) break
    kept = next
  }
  return `${kept}...`
}

/** What is not printable ASCII, and the percent sign. */
const percentEncoded = (text: string): string =>
  text.replace(/[^\x20-\x24\x26-\x7e]+/g, (part) =>
    Buffer.from(part, 'utf8').toString('hex').toUpperCase().replace(/../g, '%$&'),
  )
