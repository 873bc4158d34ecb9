#!/usr/bin/env node
// As much of curl as the examples use, for machines without it: -s, -i, -X METHOD, -H 'name: value', URL.
import http from 'node:http'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    silent: { type: 'boolean', short: 's' },
    include: { type: 'boolean', short: 'i' },
    request: { type: 'string', short: 'X', default: 'GET' },
    header: { type: 'string', short: 'H', multiple: true, default: [] },
  },
})
const headers = Object.fromEntries(
  values.header.map((line) => [
    line.slice(0, line.indexOf(':')),
    line.slice(line.indexOf(':') + 1).trim(),
  ]),
)
const options = { method: values.request, headers: { accept: '*/*', ...headers } }
http
  .request(positionals[0] ?? '', options, (response) => {
    if (values.include) {
      const fields = response.rawHeaders.map((part, i) =>
        i % 2 === 0 ? `${part}: ` : `${part}\r\n`,
      )
      process.stdout.write(
        `HTTP/1.1 ${response.statusCode} ${response.statusMessage}\r\n${fields.join('')}\r\n`,
      )
    }
    response.pipe(process.stdout)
  })
  .on('error', () => {
    process.exitCode = 7
  })
  .end()
