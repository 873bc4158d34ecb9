import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { currentKeys, parseKeys, printKeys, trustedCertificates } from './push-keys.ts'

const day = 86_400_000
const start = Date.UTC(2026, 0, 1)
const names = ['fairlead-controller.gateway.svc']

const isSignedBy = (cert: string, authority: string): boolean =>
  new X509Certificate(cert).verify(new X509Certificate(authority).publicKey)

describe('the keys of the push channel', () => {
  test('are made once and stay', async () => {
    const keys = await currentKeys(undefined, names, start)
    expect(isSignedBy(keys.server.cert, keys.authority.cert)).toBe(true)
    expect(new X509Certificate(keys.server.cert).checkHost(names[0] as string)).toBe(names[0])
    expect(await currentKeys(keys, names, start + 30 * day)).toBe(keys)
  })

  test('survive the Secret', async () => {
    const keys = await currentKeys(undefined, names, start)
    const announced = await currentKeys(keys, names, start + 250 * day)
    expect(parseKeys(printKeys(announced))).toEqual(announced)
    expect(parseKeys({ 'ca.crt': 'x' })).toBeUndefined()
  })

  test('the certificate of the server is renewed by the same authority', async () => {
    const keys = await currentKeys(undefined, names, start)
    const renewed = await currentKeys(keys, names, start + 61 * day)
    expect(renewed.authority).toEqual(keys.authority)
    expect(renewed.server).not.toEqual(keys.server)
    expect(isSignedBy(renewed.server.cert, keys.authority.cert)).toBe(true)
  })

  test('a new authority is believed a day before it signs, and the old one after', async () => {
    const keys = await currentKeys(undefined, names, start)
    const announced = await currentKeys(keys, names, start + 250 * day)
    expect(announced.server).toEqual(keys.server)
    expect(trustedCertificates(announced)).toContain(announced.next?.cert)
    const early = await currentKeys(announced, names, start + 250.5 * day)
    expect(early.authority).toEqual(keys.authority)
    const promoted = await currentKeys(announced, names, start + 251 * day)
    expect(isSignedBy(promoted.server.cert, announced.next?.cert ?? '')).toBe(true)
    expect(trustedCertificates(promoted)).toContain(keys.authority.cert)
    expect(promoted.next).toBeUndefined()
  })
})
