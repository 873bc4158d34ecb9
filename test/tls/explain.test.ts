import { expect, test } from 'vitest'
import { run } from '../harness/command.ts'
import { Folder } from '../harness/folder.ts'
import { days, newAuthority } from './authorities.ts'
import { bundle, route, secret, yamlOf } from './gateway.ts'

const shown = (name: string, rest: object = {}) => ({ tls: { secretRef: { name }, ...rest } })
const wants = (mode: string) => ({ clientCertificate: { mode, caRefs: [{ name: 'partners' }] } })

async function folderWith(isDefaultThere: boolean): Promise<Folder> {
  const authority = await newAuthority('ours')
  const issue = (name: string, rest: object = {}) =>
    authority.issue({ commonName: name, dnsNames: [name], ...rest })
  const folder = new Folder({
    'all.yaml': yamlOf([
      secret('shop', await issue('*.shop.example', { addresses: ['10.0.0.1'] })),
      secret('old', await issue('old.example', { validity: days(-9, -1) })),
      secret('any', await issue('default.example')),
      bundle('partners', authority.cert),
      route('a.shop.example', shown('shop')),
      route(
        'strict.shop.example',
        shown('shop', { ...wants('Require'), minVersion: '1.3', plaintext: 'Allow' }),
      ),
      route('asks.shop.example', shown('shop', { ...wants('Optional'), plaintext: 'Deny' })),
      route('old.example', shown('old')),
      route('plain.example'),
      route('10.0.0.1', shown('shop', wants('Require'))),
    ]),
    'settings.json': JSON.stringify(
      isDefaultThere
        ? { listeners: { https: { defaultCertificate: { namespace: 'default', name: 'any' } } } }
        : {},
    ),
  })
  return folder
}

async function explained(folder: Folder, host: string, ...args: readonly string[]) {
  const flags = ['--config', folder.path, '--settings', `${folder.path}/settings.json`]
  const { stdout, stderr } = await run(['explain', ...flags, ...args, 'GET', `https://${host}/`])
  expect(stderr).toBe('')
  return stdout
}

const date = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z`
const said = (text: string) => /^tls {8}.*\n.*\nplaintext .*$/m.exec(text)?.[0] ?? text

test('explain says what is shown to a client, what is asked of it, and what plaintext gets', async () => {
  const folder = await folderWith(true)
  const rows = [
    [
      'a.shop.example',
      'Secret default/shop: of \\*\\.shop\\.example, 10\\.0\\.0\\.1, until',
      'TLS 1.2 or later; a client certificate is not asked for',
      '308 to https',
    ],
    [
      'strict.shop.example',
      'Secret default/shop: .*, until',
      'TLS 1.3 or later; a client certificate is required: without a good one, 400',
      // No certificate of a client can come without TLS.
      '403 tls_required',
    ],
    [
      'asks.shop.example',
      'Secret default/shop: .*, until',
      'TLS 1.2 or later; a client certificate is asked for, and may be left out',
      '403 tls_required',
    ],
    [
      'old.example',
      'Secret default/old: of old.example, ended',
      'TLS 1.2 or later; a client certificate is not asked for',
      '308 to https',
    ],
    [
      'plain.example',
      'the default certificate, Secret default/any: of default.example, until',
      'TLS 1.2 or later; a client certificate is not asked for',
      'served as well',
    ],
    [
      // Who connects to an address names no host.
      '10.0.0.1',
      'the default certificate, Secret default/any: of default.example, until',
      'TLS 1.2 or later; a client certificate is not asked for',
      '308 to https',
    ],
  ] as const
  for (const [host, certificate, asked, plaintext] of rows)
    expect(said(await explained(folder, host))).toMatch(
      new RegExp(`^tls {8}${certificate} ${date}\n {11}${asked}\nplaintext {2}${plaintext}$`),
    )
})

test('explain says where there is no certificate to show, and nothing where nothing is configured for TLS', async () => {
  const folder = await folderWith(false)
  expect(await explained(folder, '10.0.0.1')).toMatch(
    /^tls {8}no certificate, so no handshake: name one in tls\.secretRef, or a default one in the settings$/m,
  )
  expect(await explained(folder, 'plain.example')).not.toMatch(/^tls|^plaintext/m)
})

test('explain for programs', async () => {
  const text = await explained(await folderWith(true), 'strict.shop.example', '--output', 'json')
  expect(JSON.parse(text)).toMatchObject({
    tls: {
      certificate: {
        secret: 'default/shop',
        isDefault: false,
        names: ['*.shop.example', '10.0.0.1'],
        endsWallMs: expect.any(Number),
      },
      minVersion: '1.3',
      clientCertificate: 'Require',
      plaintext: 'Deny',
    },
  })
})
