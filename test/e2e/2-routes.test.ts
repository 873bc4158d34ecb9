import { generateKeyPairSync } from 'node:crypto'
import { exportJWK, SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { ask } from './ask.ts'
import {
  address,
  apply,
  conditions,
  kubectl,
  pods,
  read,
  run,
  shop,
  until,
  waitFor,
} from './cluster.ts'
import { backend, forwards, route, says } from './objects.ts'

let ip: string
let proxies: readonly string[]
beforeAll(async () => {
  ip = await address()
  proxies = (await pods('proxy')).map(({ status }) => status.podIP)
})

/** From each proxy itself, not from whichever the load balancer picks. */
const askEach = async (host: string, path = '/') =>
  Promise.all(proxies.map(async (pod) => (await ask(pod, { host, path }, 8080)).status))

describe('Programmed means that traffic is served', () => {
  test('the moment that kubectl wait returns, every proxy answers', async () => {
    for (let i = 0; i < 10; i++) {
      await apply(route(`now-${i}`, says('now')))
      await waitFor('Programmed', `apiroute/now-${i}`)
      expect(await askEach(`now-${i}.example`)).toEqual([200, 200])
    }
  })

  test('there is nothing but 404 before and 200 after', async () => {
    const seen: number[] = []
    const probe = setInterval(() => {
      for (const pod of proxies)
        void ask(pod, { host: 'sharp.example' }, 8080).then(({ status }) => seen.push(status))
    }, 5)
    await apply(route('sharp', forwards('echo')))
    await waitFor('Programmed', 'apiroute/sharp')
    clearInterval(probe)
    await until(async () => (seen.at(-1) === 200 ? true : undefined), 'an answer')
    expect(new Set(seen)).toEqual(new Set([404, 200]))
  })

  test('an edit and a deletion are seen by every proxy', async () => {
    await apply(route('edited', says('one')))
    await waitFor('Programmed', 'apiroute/edited')
    await apply(route('edited', says('two')))
    await kubectl(
      'wait',
      '--for=jsonpath={.status.conditions[?(@.type=="Programmed")].observedGeneration}=2',
      'apiroute/edited',
      '-n',
      shop,
    )
    for (const pod of proxies)
      expect((await ask(pod, { host: 'edited.example' }, 8080)).body).toBe('two')
    await kubectl('delete', 'apiroute', 'edited', '-n', shop)
    await until(
      async () =>
        (await askEach('edited.example')).every((status) => status === 404) ? true : undefined,
      'it to be gone',
      5,
    )
  })
})

describe('backends', () => {
  test('requests are spread over the Pods of a Service, never by its cluster IP', async () => {
    await apply(route('spread', forwards('echo')))
    await waitFor('Programmed', 'apiroute/spread')
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => ask(ip, { host: 'spread.example' })),
    )
    const from = new Set(answers.map(({ body }) => (JSON.parse(body) as { pod: string }).pod))
    expect(from.size).toBe(2)
  })

  test('a backend that is scaled away and back is followed', async () => {
    await apply(...backend('swing', 1), route('swing', forwards('swing')))
    await waitFor('Programmed', 'apiroute/swing')
    const status = async () => (await ask(ip, { host: 'swing.example' })).status
    await until(async () => ((await status()) === 200 ? true : undefined), 'the backend')
    await kubectl('scale', 'deployment/swing', '-n', shop, '--replicas=0')
    await until(async () => ((await status()) === 503 ? true : undefined), '503')
    await kubectl('scale', 'deployment/swing', '-n', shop, '--replicas=1')
    await until(async () => ((await status()) === 200 ? true : undefined), 'the backend again')
  })
})

describe('statuses', () => {
  test('a broken edit keeps the last good serving, says what is wrong, and tells it as Events', async () => {
    await apply(route('fragile', says('good')))
    await waitFor('Programmed', 'apiroute/fragile')
    await apply(route('fragile', { ...says('bad'), matches: [{ path: { regex: '/(a' } }] }))
    const bad = await until(async () => {
      const found = await conditions('apiroute/fragile')
      return found.some(
        ({ type, observedGeneration }) => type === 'ServingLastGood' && observedGeneration === 2,
      )
        ? found
        : undefined
    }, 'ServingLastGood')
    expect(bad.find(({ type }) => type === 'Accepted')).toMatchObject({
      status: 'False',
      reason: 'Invalid',
      message: expect.stringContaining('spec.rules[0].matches[0].path.regex'),
    })
    expect(bad.find(({ type }) => type === 'Programmed')).toMatchObject({ reason: 'NotAccepted' })
    for (const pod of proxies)
      expect((await ask(pod, { host: 'fragile.example' }, 8080)).body).toBe('good')
    const events = async () => {
      const { items } = await read<{ items: { reason: string; type: string }[] }>(
        'events',
        '-n',
        shop,
        '--field-selector=involvedObject.name=fragile',
      )
      return items.map(({ type, reason }) => `${type} ${reason}`).sort()
    }
    await until(
      async () => ((await events()).includes('Warning Invalid') ? true : undefined),
      'an Event',
    )
    await apply(route('fragile', says('mended')))
    await until(
      async () =>
        (await ask(ip, { host: 'fragile.example' })).body === 'mended' ? true : undefined,
      'the mended route',
    )
    await until(
      async () => ((await events()).includes('Normal ServingCurrent') ? true : undefined),
      'an Event',
    )
  })

  test('a Service that is not there is told, and the other backend serves', async () => {
    const backends = [...forwards('echo').backends, ...forwards('nowhere').backends]
    await apply(route('halved', { backends }))
    await waitFor('Programmed', 'apiroute/halved')
    const refs = (await conditions('apiroute/halved')).find(({ type }) => type === 'ResolvedRefs')
    expect(refs).toMatchObject({
      status: 'False',
      reason: 'BackendNotFound',
      message: 'spec.rules[0].backends[1]: Service "fairlead-e2e-shop/nowhere" does not exist',
    })
    for (let i = 0; i < 10; i++)
      expect((await ask(ip, { host: 'halved.example' })).status).toBe(200)
  })

  test('a second route for the same place is told so, and the first serves', async () => {
    await apply(route('first', says('first'), { hostnames: ['shared.example'] }))
    await waitFor('Programmed', 'apiroute/first')
    await apply(route('second', says('second'), { hostnames: ['shared.example'] }))
    const [accepted] = await until(async () => {
      const found = (await conditions('apiroute/second')).filter(({ type }) => type === 'Accepted')
      return found.length > 0 ? found : undefined
    }, 'a status')
    expect(accepted).toMatchObject({ status: 'False', reason: 'Conflicted' })
    expect((await ask(ip, { host: 'shared.example' })).body).toBe('first')
  })

  test('C13 a condition of somebody else stays, ours are written beside it, and nobody writes in circles', async () => {
    await apply(route('reviewed', says('one')))
    await waitFor('Programmed', 'apiroute/reviewed')
    const { apiVersion, kind, metadata } = route('reviewed', {}) as Record<string, object>
    const condition = {
      type: 'Reviewed',
      status: 'True',
      reason: 'Checked',
      message: 'by hand',
      observedGeneration: 1,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    }
    const reviewed = { apiVersion, kind, metadata, status: { conditions: [condition] } }
    const as = ['--server-side', '--subresource=status', '--field-manager=reviewer', '-f', '-']
    await run('kubectl', ['apply', ...as], JSON.stringify(reviewed))
    await apply(route('reviewed', says('two')))
    await until(async () => {
      const found = await conditions('apiroute/reviewed')
      const isDone = found.some(
        ({ type, observedGeneration }) => type === 'Programmed' && observedGeneration === 2,
      )
      return isDone ? true : undefined
    }, 'the second generation')
    expect(await conditions('apiroute/reviewed')).toContainEqual(condition)
    const version = () =>
      kubectl(
        'get',
        'apiroute',
        'reviewed',
        '-n',
        shop,
        '-o',
        'jsonpath={.metadata.resourceVersion}',
      )
    const before = await version()
    await new Promise((resolve) => setTimeout(resolve, 5000))
    expect(await version()).toBe(before)
  })

  test('columns tell a person what matters', async () => {
    await apply(route('columns', says('x')))
    await waitFor('Programmed', 'apiroute/columns')
    const text = await kubectl('get', 'apir', 'columns', '-n', shop)
    expect(text).toMatch(/NAME\s+HOSTNAMES\s+RULES\s+ACCEPTED\s+PROGRAMMED\s+AGE/)
    expect(text).toMatch(/columns\s+\["columns.example"\]\s+1\s+True\s+True/)
  })

  test('a misspelt field is refused by name', async () => {
    await expect(
      run(
        'kubectl',
        ['apply', '-f', '-'],
        JSON.stringify(route('misspelt', { authorise: {}, ...says('x') })),
      ),
    ).rejects.toThrow(/unknown field "spec.rules\[0\].authorise"/)
  })
})

describe('authorization', () => {
  test('a token is asked for, a good one passes, and keys in a ConfigMap are followed', async () => {
    const make = async (kid: string) => {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: 'RS256', kid })
        .setIssuer('https://login.example/')
        .setAudience('shop')
        .setExpirationTime('1h')
        .setSubject('ann')
        .sign(privateKey)
      return { jwk, token }
    }
    const [one, two] = [await make('one'), await make('two')]
    const keys = (...jwks: object[]) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'keys', namespace: shop },
      data: { 'jwks.json': JSON.stringify({ keys: jwks }) },
    })
    await apply(
      keys(one.jwk),
      {
        apiVersion: 'fairlead.dev/v1alpha1',
        kind: 'ApiAuthorizer',
        metadata: { name: 'login', namespace: shop },
        spec: {
          jwt: {
            issuers: [
              {
                issuer: 'https://login.example/',
                audiences: ['shop'],
                jwks: { configMapRef: { name: 'keys' } },
              },
            ],
          },
        },
      },
      route('guarded', {
        ...forwards('echo'),
        authorize: { anyOf: [{ authorizer: { name: 'login' } }] },
      }),
    )
    await waitFor('Programmed', 'apiroute/guarded')
    const status = async (token?: string) =>
      (
        await ask(ip, {
          host: 'guarded.example',
          headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        })
      ).status
    expect(await status()).toBe(401)
    expect(await status(one.token)).toBe(200)
    expect(await status(two.token)).toBe(401)
    await apply(keys(two.jwk))
    await until(async () => ((await status(two.token)) === 200 ? true : undefined), 'the new key')
    expect(await status(one.token)).toBe(401)
  })

  test('an authorizer that is deleted lets nobody in', async () => {
    await kubectl('delete', 'apiauthorizer', 'login', '-n', shop)
    await until(
      async () => ((await ask(ip, { host: 'guarded.example' })).status === 503 ? true : undefined),
      '503',
      5,
    )
  })
})

test('the examples are admitted as they are', async () => {
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  try {
    for (const name of ['canary', 'cognito', 'multi-region'])
      await kubectl('apply', '--dry-run=server', '-R', '-f', `examples/${name}`)
  } finally {
    await kubectl('delete', 'namespace', 'shop')
  }
})
