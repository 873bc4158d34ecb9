import { afterEach, expect, test } from 'vitest'
import { RawClient } from '../harness/client.ts'
import { startProxy } from '../harness/proxy.ts'
import { answering, ok, startUpstream } from '../harness/upstream.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

const request = 'GET / HTTP/1.1\r\nhost: a.example\r\n\r\n'

async function connected() {
  const upstream = await startUpstream(answering(ok()))
  const proxy = await startProxy({ ports: [upstream.port] })
  const client = new RawClient(proxy.port).send(request)
  open.push(upstream, proxy, client)
  await client.until(/hello$/)
  client.text = ''
  return { proxy: proxy.proxy, client }
}

test('in a drain, a request that was on its way is answered, and is the last of its connection', async () => {
  const { proxy, client } = await connected()
  const drained = proxy.drain(20_000)
  client.send(request)
  expect(await client.untilOver()).toMatch(
    /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*connection: close\r\n(.*\r\n)*\r\nhello$/i,
  )
  client.close()
  await drained
  expect(proxy.connections).toBe(0)
})

test('in a drain, a connection on which nothing comes any more is closed', async () => {
  const { proxy, client } = await connected()
  const drained = proxy.drain(20_000)
  expect(await client.untilOver()).toBe('')
  client.close()
  await drained
  expect(proxy.connections).toBe(0)
})
