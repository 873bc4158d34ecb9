import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answersOf } from '../harness/answers.ts'
import { cutsOf, deliver } from '../harness/deliver.ts'
import { hostOf, matchOf, ruleOf } from '../harness/rules.ts'
import { canary, head, type Rig, startRig } from './rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig({
    change: (snapshot, forward) => ({
      ...snapshot,
      hosts: [
        hostOf('*', [
          ['/', ruleOf('all', { action: forward })],
          [matchOf('/read', { methods: ['GET', 'HEAD'] }), ruleOf('read', { action: forward })],
        ]),
      ],
    }),
  })
})
afterAll(() => rig.close())

const request = (line: string, ...fields: readonly string[]): string =>
  head(line, 'host: a', ...fields)

describe('versions', () => {
  test.each(
    [
      ['F25 R1 HTTP/0.9', 'GET /\r\n'],
      ['R1 HTTP/0.9 with a head', request('GET /')],
    ].map(([name, input]) => [name?.replace('F25 ', ''), input as string]),
  )('%s', (_, input) => rig.refuses(input, 400))

  test.each(
    [
      ...['HTTP/0.9', 'HTTP/0.0', 'HTTP/1', 'HTTP/1.', 'HTTP/.1', 'HTTP/01.01', 'HTTP/1.32'],
      ...['HTTP/1.01', 'HTTP/4294967295.255', 'HTTP/ 1.1', 'HTTP /1.1', 'HTTP/1 .1', 'HTTP/1,1'],
      ...['HTTP/1.1 ', 'HTTP/1.1\t', 'HTTP/-1.1', 'HTTP/1.x', 'http/1.1', 'Http/1.1', 'HTTPS/1.1'],
      ...['HTTP/\xb9.1', 'ICE/1.0', '', 'HTTP'],
    ].map((version) => [`R1 ${JSON.stringify(version)}`, version]),
  )('%s', (_, version) => rig.refuses(request(`GET / ${version}`), 400))

  test.each(
    ['HTTP/1.2', 'HTTP/1.9', 'HTTP/2.0', 'HTTP/3.0'].map((version) => [`R1 ${version}`, version]),
  )('%s', (_, version) => rig.refuses(request(`GET / ${version}`), 505))

  test('R1 the preface of HTTP/2', () => rig.refuses('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505))
})

describe('separators', () => {
  test.each([
    ['R2 two spaces before the target', 'GET  / HTTP/1.1'],
    ['R2 two spaces behind the target', 'GET /  HTTP/1.1'],
    ['R2 a tab before the target', 'GET\t/ HTTP/1.1'],
    ['R2 a tab behind the target', 'GET /\tHTTP/1.1'],
    ['R2 LF before the target', 'GET\n/ HTTP/1.1'],
    ['R2 LF behind the target', 'GET /\nHTTP/1.1'],
    ['R2 CR before the target', 'GET\r/ HTTP/1.1'],
    ['R2 VT before the target', 'GET\x0b/ HTTP/1.1'],
    ['R2 a space before the method', ' GET / HTTP/1.1'],
    ['R2 a tab before the method', '\tGET / HTTP/1.1'],
    ['R2 no target', 'GET HTTP/1.1'],
    ['R2 nothing for a target', 'GET  HTTP/1.1'],
    ['R2 a fourth word', 'GET / x HTTP/1.1'],
  ])('%s', (_, line) => rig.refuses(request(line), 400))
})

describe('targets', () => {
  test.each(
    [
      ...['/\0', '/\x01', '/\x1f', '/\x7f', '/a b', '/\x80', '/\xff', '/\xc3\xa9', '/?\xe9'],
      ...['/#frag', '/a#', '/?a#b', '#', '/\\', '/a\\b', '/?a\\b', 'a', 'a/b', '?a', './a', '../a'],
      ...['a:80', '/\x0b', '/\x85', '/\xa0'],
    ].map((target) => [`R3 ${JSON.stringify(target)}`, target]),
  )('%s', (_, target) => rig.refuses(request(`GET ${target} HTTP/1.1`), 400))

  test.each([
    ['R4 the same host', 'http://a/x?y', 'GET /x?y'],
    ['R4 in capitals', 'HTTP://A/x', 'GET /x'],
    ['R4 with the default port', 'http://a:80/x', 'GET /x'],
    ['R4 with a dot behind', 'http://a./x', 'GET /x'],
    ['R4 without a path', 'http://a', 'GET /'],
    ['R4 with a query alone', 'http://a?x=/y', 'GET /?x=/y'],
    ['R4 with dot segments', 'http://a/x/../y', 'GET /y'],
    ['R4 with slashes', 'http://a//b/x', 'GET /b/x'],
  ])('%s', (_, target, line) =>
    rig.forwards(request(`GET ${target} HTTP/1.1`), `${line} HTTP/1.1\nhost: a\n`),
  )

  test.each([
    ['R4 another host', 'http://b/x'],
    ['R4 another port', 'http://a:8080/x'],
    ['R4 https on http', 'https://a/x'],
    ['R4 ftp', 'ftp://a/x'],
    ['R4 ws', 'ws://a/x'],
    ['R4 file', 'file:///etc/passwd'],
    ['R4 a user', 'http://u@a/x'],
    ['R4 a user that looks like the host', 'http://a@b/x'],
    ['R4 a user behind a port', 'http://a:80@b/x'],
    ['R4 no host', 'http:///x'],
    ['R4 nothing behind the scheme', 'http://'],
    ['R4 one slash', 'http:/a/x'],
    ['R4 no slash', 'http:a/x'],
    ['R4 two hosts', 'http://a,b/x'],
    ['R4 a host with an escape', 'http://%61/x'],
    ['R4 http without more', 'http'],
  ])('%s', (_, target) => rig.refuses(request(`GET ${target} HTTP/1.1`), 400))

  test('R4 without Host', () => rig.refuses(head('GET http://a/x HTTP/1.1'), 400))
  test('R4 with an empty Host', () => rig.refuses(head('GET http://a/x HTTP/1.1', 'host:'), 400))

  test.each(
    [
      'GET *',
      'POST *',
      'HEAD *',
      'GET **',
      'GET *?x',
      'OPTIONS *?x',
      'OPTIONS */',
      'OPTIONS a',
    ].map((line) => [`R5 ${line}`, line]),
  )('%s', (_, line) => rig.refuses(request(`${line} HTTP/1.1`), 400))

  test('R5 OPTIONS * is answered by the gateway', () =>
    rig.answers(request('OPTIONS * HTTP/1.1'), 204))

  test('R5 OPTIONS * does not wait for a body', async () => {
    const input = `${request('OPTIONS * HTTP/1.1', 'content-length: 5')}hello`
    for (const client of await deliver(rig.proxy.port, cutsOf(input), canary)) {
      const { answers } = answersOf(await client.until(/GET \/canary$/))
      expect(answers[0]?.status).toBe(204)
      const goesOn = answers[0]?.fields.includes('connection: close') !== true
      expect(answers.slice(1).map(({ body }) => body)).toEqual(goesOn ? ['GET /canary'] : [])
      client.leave()
    }
  })
})

describe('methods', () => {
  test.each([
    ['R6 CONNECT', request('CONNECT a:443 HTTP/1.1')],
    ['R6 CONNECT with a body', `${request('CONNECT a:443 HTTP/1.1', 'content-length: 5')}hello`],
    [
      'R6 CONNECT in chunks',
      `${request('CONNECT a:443 HTTP/1.1', 'transfer-encoding: chunked')}0\r\n\r\n`,
    ],
    ['R6 CONNECT without a port', request('CONNECT a HTTP/1.1')],
    ['R6 CONNECT to a path', request('CONNECT / HTTP/1.1')],
    ['R6 CONNECT to a URL', request('CONNECT http://a/ HTTP/1.1')],
    ['R6 TRACE', request('TRACE / HTTP/1.1', 'max-forwards: 0')],
    ['R6 TRACE *', request('TRACE * HTTP/1.1')],
    ['R6 TRACK', request('TRACK / HTTP/1.1')],
  ])('%s', async (_, input) => {
    const answer = await rig.refusal(input, 405)
    expect(answer.fields).toContainEqual(expect.stringMatching(/^allow: [A-Z, ]+$/))
    expect(answer.fields.join()).not.toMatch(/CONNECT|TRACE|TRACK/)
  })

  test.each(
    ['get', 'Get', 'gET', 'FOO', 'GETX', 'G', "!#$%&'*+.^`|~", 'A'.repeat(32)].map((method) => [
      `R10 ${method}`,
      method,
    ]),
  )('%s is not known', (_, method) => rig.answers(request(`${method} / HTTP/1.1`), 501))

  test.each(['get', 'Get', 'FOO', 'POST'].map((method) => [`R10 ${method}`, method]))(
    '%s is not GET',
    async (_, method) => {
      const answers = await rig.ownAnswers(request(`${method} /read HTTP/1.1`), 405)
      for (const { fields } of answers) expect(fields).toContain('allow: GET, HEAD')
    },
  )

  test.each(
    ['G=":<>', 'GET:', 'G(T)', '"GET"', 'G\xc9T', 'GE\x00T', 'GE,T', '/', ''].map((method) => [
      `R10 ${JSON.stringify(method)}`,
      method,
    ]),
  )('%s is no method', (_, method) => rig.refuses(request(`${method} / HTTP/1.1`), 400))

  test.each([
    ['R10 33 letters', 33],
    ['R10 100 KB', 100_000],
  ])('%s', (_, length) => rig.refuses(request(`${'A'.repeat(length)} / HTTP/1.1`), 501))
})
