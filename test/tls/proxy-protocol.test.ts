import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { expect, test } from 'vitest'
import { newAuthority } from './authorities.ts'
import { route, secret, startGateway } from './gateway.ts'

test('a header of the PROXY protocol goes before the handshake, and says who is calling', async () => {
  const authority = await newAuthority('ours')
  const gateway = await startGateway(
    [
      secret('shop', await authority.server('a.shop.example')),
      route('a.shop.example', {
        tls: { secretRef: { name: 'shop' } },
        rules: [
          {
            name: 'all',
            authorize: { public: true, sourceAddresses: { allow: ['192.0.2.7/32'], deny: [] } },
            respond: { status: 200 },
          },
        ],
      }),
    ],
    { listeners: { https: { proxyProtocolFrom: ['127.0.0.1/32'] } } },
  )
  const opened = (header: string) => {
    const socket = net.connect({ port: gateway.port, host: '127.0.0.1' })
    socket.write(header)
    return tls.connect({ socket, servername: 'a.shop.example', rejectUnauthorized: false })
  }
  const status = async (address: string) => {
    const client = opened(`PROXY TCP4 ${address} 192.0.2.1 5000 443\r\n`)
    client.write('GET / HTTP/1.1\r\nhost: a.shop.example\r\n\r\n')
    const [answer] = (await once(client, 'data')) as [Buffer]
    client.destroy()
    return answer.toString('latin1', 9, 12)
  }
  expect([await status('192.0.2.7'), await status('192.0.2.8')]).toEqual(['200', '403'])
  const bare = opened('')
  bare.on('error', () => {})
  await new Promise((resolve) => bare.on('close', resolve))
  await gateway.close()
})
