import { expect, test } from 'vitest'
import { revocationFacts } from '../../src/model/revocation-list.ts'
import { newAuthority } from './authorities.ts'

const pemOf = (der: Buffer): string =>
  `-----BEGIN X509 CRL-----\n${der.toString('base64')}\n-----END X509 CRL-----`

async function listOf(): Promise<{ readonly pem: string; readonly der: Buffer }> {
  const authority = await newAuthority('partners')
  const pem = await authority.revocationList((await authority.client()).cert)
  return { pem, der: Buffer.from(pem.replaceAll(/-----[^-]*-----|\s/g, ''), 'base64') }
}

test('a list says when the next one is due', async () => {
  const { pem } = await listOf()
  const days = ((revocationFacts(pem)?.endsWallMs ?? 0) - Date.now()) / 86_400_000
  expect(Math.round(days)).toBe(30)
})

test('a list that was cut, anywhere, is none', async () => {
  const { der } = await listOf()
  for (let size = 0; size < der.length; size++)
    expect(revocationFacts(pemOf(der.subarray(0, size)))).toBeUndefined()
})

test('no byte that is changed makes it throw', async () => {
  const { der } = await listOf()
  for (let at = 0; at < der.length; at++) {
    const changed = Buffer.from(der)
    changed[at] = (changed[at] ?? 0) ^ 0xff
    const { endsWallMs = 0 } = revocationFacts(pemOf(changed)) ?? {}
    expect(endsWallMs).not.toBeNaN()
  }
})
