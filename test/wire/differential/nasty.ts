import type { Nasty } from './parts.ts'

/** Words with `~` between them: white space and empty words count. */
export const words = (text: string): string[] => text.split('~')

/**
 * What has once been read in two ways, for every kind of part that requests and answers share.
 *
 * @param message a whole one, to be smuggled
 */
export const nastyOf = (message: string): Nasty => ({
  space: words('  ~\t~~\n~\x0b~\0'),
  crlf: words('\n~\r~~\r\r\n~\n\r~\r\n\r\n~ \r\n~\r\n ~\r\n\t~\0~\r\n\n'),
  headEnd: words('\n~\r~~\r\n\r\n~\r\r\n~ \r\n~\n\r\n~\r\nX~\0\r\n'),
  name: [
    ...words('Content-Length~Transfer-Encoding~Transfer_Encoding~content-lengt\xe8~Connection~TE~'),
    ...words('Transfer-Encoding ~ X~Proxy-Connection~Upgrade~Trailer~:~__proto__~X\0~X[]~Via~Host'),
  ],
  colon: words(' :~~::~;~\t:~: :~=~:\r\n ~:\0~:\x0b'),
  value: [
    ...words('chunked~5~0~~close~keep-alive~gzip, chunked~h2c~upgrade~websocket~x, close'),
    ...words('a\0b~a\rb~a\nb~\x0b~\x7f~100-continue~close\t~keep-alive,\tx~\xa0'),
  ],
  length: [
    ...words('+5~-0~0x5~05~5, 5~5 5~~1e1~5.~"5"~18446744073709551621~9007199254740993'),
    ...words('5\t~\x0b5~5;~99999~0~1~4~6'),
  ],
  coding: [
    ...words('chunked, chunked~xchunked~chunked;q=1~\x0bchunked~identity~cHuNkEd~~chunked,'),
    ...words(', chunked~gzip~"chunked"~chunked\t~chunke~chunked\0'),
  ],
  size: words(
    '~0~0x5~+5~5 ~ 5~5_0~-1~fffffffffffffffff~g~00000000~1~10000000000000005~5\t~5\0~2~A',
  ),
  extension: [
    ...words(
      ';~;;~; a~ ;a~;a b~;a=~;=~;a="b~;a\n~;a\r~;\0~;a,b~;a="\\""~;a="\x7f"~;\xfc~;a=b;~\t~ ',
    ),
    ...words(';a="\n"~;a="b"c~;a=b=c~;a="\xfc"~;a="\\\n"'),
  ],
  data: ['', '\r\n', '0\r\n\r\n', message, 'x'],
  any: [
    ...words('\r\n~\n~\r~ ~\t~\0~:~,~0\r\n\r\n~5\r\nabcde\r\n~\r\n\r\n~\r\n \r\n~HTTP/1.1'),
    ...words('Content-Length: 5\r\n~Transfer-Encoding: chunked\r\n'),
    message,
  ],
  field: [
    ...words('Content-Length: 5\r\n~Content-Length: 0\r\n~Content-Length:\t5\t\r\n'),
    ...words('Content_Length: 5\r\n~X: a\nContent-Length: 5\r\n~Trailer: Content-Length\r\n'),
    ...words('Transfer-Encoding: chunked\r\n~Transfer-Encoding: identity\r\n~ folded\r\n'),
    ...words('Transfer-Encoding : chunked\r\n~Transfer-Encoding:\tchunked\t\r\n'),
    ...words('Transfer-Encoding:\n chunked\r\n~Connection: Transfer-Encoding\r\n~X\r\n~: x\r\n'),
    ...words('Connection: close\r\n~Proxy-Connection: close\r\n~Connection:close\t\r\n~X-Y: \r\n'),
    ...words('Connection: upgrade\r\nUpgrade: h2c\r\n~Connection: x-hop, close\r\nX-Hop: 1\r\n'),
  ],
})
