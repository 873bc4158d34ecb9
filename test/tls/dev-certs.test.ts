import { X509Certificate } from 'node:crypto'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { run } from '../harness/command.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'fairlead-dev-certs-'))
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

const read = (name: string): string => fs.readFileSync(join(folder, name), 'utf8')

test('a second host and two clients stand beside the first, of one authority', async () => {
  expect((await run(['dev-certs', folder])).stderr).toBe('')
  const first = read('server.crt')
  const more = ['--name', 'b-tls', '--host', 'b.example', '--client', 'alice,bob']
  expect((await run(['dev-certs', folder, ...more])).stderr).toBe('')
  expect(read('server.crt')).toBe(first)
  expect(read('tls.yaml')).toContain('metadata: { name: dev-tls }')
  expect(read('b-tls.yaml')).toContain('metadata: { name: b-tls }')
  const ca = new X509Certificate(read('ca.crt'))
  for (const name of ['server', 'client', 'b-tls', 'alice', 'bob'])
    expect(new X509Certificate(read(`${name}.crt`)).verify(ca.publicKey)).toBe(true)
  expect(new X509Certificate(read('alice.crt')).subjectAltName).toContain('URI:spiffe://dev/alice')
})

test.each([
  ['of one file', ['--client', 'server'], 'two certificates would be server.crt'],
  ['that lead out of the folder', ['--name', '../a'], 'lower-case letters, digits and dashes'],
  ['of the authority', ['--client', 'ca'], 'not ca'],
])('names %s are refused', async (_, flags, says) => {
  const { stderr } = await run(['dev-certs', folder, ...flags])
  expect(stderr).toContain(says)
  expect(fs.readdirSync(folder)).toEqual([])
})
