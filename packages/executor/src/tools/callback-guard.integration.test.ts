import type { lookup as systemLookup } from 'node:dns'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'

import { RequestError } from '@codemode/shared'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { AddressForbiddenError, createCallbackGuard } from './callback-guard.ts'

const server = createServer((incoming, outgoing) => {
  requests += 1
  outgoing.writeHead(incoming.url === '/redirect' ? 302 : 200, { location: '/elsewhere' }).end('here')
})
let requests = 0
let port: number

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(async () => {
  server.close()
  await once(server, 'close')
})

/** Returns a resolver that answers with these addresses, as `dns.lookup` does for `all: true`. */
function resolvesTo(...addresses: string[]): typeof systemLookup {
  const lookup: LookupFunction = (_, __, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  return lookup as never
}

function refusal(check: () => void): RequestError {
  try {
    check()
  } catch (error) {
    if (error instanceof RequestError) return error
    throw error
  }
  throw new Error('it was not refused')
}

describe('a callback URL', () => {
  const guard = createCallbackGuard({
    origins: ['https://app.example', 'http://10.0.0.1:8080', 'https://*.wild.example', 'http://*'],
    allowLoopback: false,
  })

  test.each([
    'https://app.example/tools?x=1',
    'https://APP.example:443/',
    'http://10.0.0.1:8080/tools',
    'https://a.wild.example/',
    'https://a.b.wild.example/',
    'http://public.example/',
    'http://8.8.8.8/',
  ])('%s is allowed', (url) => {
    expect(() => guard.check(url)).not.toThrow()
  })

  test.each([
    ['https://other.example/', 'has the origin "https://other.example"'],
    ['https://app.example:8443/', 'has the origin'],
    ['https://app.example.evil.example/', 'has the origin'],
    ['https://wild.example/', 'has the origin'],
    ['https://evilwild.example/', 'has the origin'],
    ['http://10.0.0.1:8081/', 'has the origin'],
    ['https://user:pw@app.example/', 'user name'],
    ['ftp://app.example/', 'not an http'],
    ['file:///etc/passwd', 'not an http'],
    ['nonsense', 'not an http'],
    ['http://127.0.0.1/', 'private address "127.0.0.1"'],
    ['http://2130706433/', 'private address "127.0.0.1"'],
    ['http://0x7f.1/', 'private address "127.0.0.1"'],
    ['http://[::1]/', 'private address "::1"'],
    ['http://[::ffff:127.0.0.1]/', 'private address'],
    ['http://169.254.169.254/latest/meta-data', 'private address'],
  ])('%s is refused', (url, message) => {
    const error = refusal(() => guard.check(url))
    expect(error.code).toBe('CALLBACK_FORBIDDEN')
    expect(error.message).toContain(message)
    expect(error.message).not.toContain('pw')
  })

  test('with a loopback host is allowed in development, on any port, and only there', () => {
    const development = createCallbackGuard({ origins: [], allowLoopback: true })
    for (const url of ['http://localhost:1/', 'http://127.0.0.1:65535/', 'http://[::1]:80/', 'https://localhost/']) {
      expect(() => development.check(url)).not.toThrow()
      expect(refusal(() => createCallbackGuard({ origins: [], allowLoopback: false }).check(url)).suggestion).toContain(
        `CODEMODE_CALLBACK_ORIGINS=${new URL(url).origin}`,
      )
    }
    for (const url of ['http://10.0.0.1/', 'http://localhost.evil.example/', 'http://app.example/']) {
      expect(refusal(() => development.check(url)).code).toBe('CALLBACK_FORBIDDEN')
    }
  })
})

async function outcome(url: string, options: Partial<Parameters<typeof createCallbackGuard>[0]>): Promise<unknown> {
  const agent = createCallbackGuard({ origins: [], allowLoopback: false, ...options }).createAgent()
  try {
    const { body } = await request(url, { dispatcher: agent })
    return await body.text()
  } catch (error) {
    return error
  } finally {
    await agent.close()
  }
}

/** Spellings of this machine's loopback, and of the metadata services of clouds, as the host of a URL. */
const privateSpellings = [
  '127.0.0.1',
  '127.0.0.1.',
  '127.1',
  '127.0.1',
  '2130706433',
  '017700000001',
  '0177.0.0.1',
  '0x7f000001',
  '0x7F.0x0.0x0.0x1',
  '0x7f.1',
  '%31%32%37.0.0.1',
  '１２７.０.０.１',
  '127。0。0。1',
  '0',
  '0.0.0.0',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::127.0.0.1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::FFFF:0:7f00:1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2001:0:7f00:1::]',
  '[fe80::1]',
  '[fd00:ec2::254]',
  '169.254.169.254',
  '169.254.43518',
  '0xa9fea9fe',
  '2852039166',
  '[::ffff:a9fe:a9fe]',
  '10.0.0.1',
  '100.100.100.200',
  '168.63.129.16',
]

test.each(privateSpellings)(
  'a pattern of any host covers %s neither as the URL nor as the connection',
  async (host) => {
    const origins = [`http://*:${port}`]
    const url = `http://${host}:${port}/`
    const before = requests
    expect(refusal(() => createCallbackGuard({ origins, allowLoopback: false }).check(url)).code).toBe(
      'CALLBACK_FORBIDDEN',
    )
    expect(await outcome(url, { origins })).toBeInstanceOf(AddressForbiddenError)
    expect(requests).toBe(before)
  },
)

test.each(['localhost', 'localhost.', 'LOCALHOST', 'x.localhost'])(
  'the local name %s is refused, whatever address the system resolves it to',
  async (host) => {
    const before = requests
    const error = await outcome(`http://${host}:${port}/`, { origins: [`http://*:${port}`] })
    expect(error).toBeInstanceOf(Error)
    expect(requests).toBe(before)
  },
)

describe("the guard's agent", () => {
  test('reaches a private address whose origin is listed, by address and by name', async () => {
    const literal = `http://127.0.0.1:${port}`
    expect(await outcome(literal, { origins: [literal] })).toBe('here')
    const named = `http://app.example:${port}`
    expect(await outcome(named, { origins: [named], lookup: resolvesTo('127.0.0.1') })).toBe('here')
    expect(await outcome(`http://localhost:${port}`, { allowLoopback: true })).toBe('here')
  })

  test('connects to no other address, even after a successful check', async () => {
    const before = requests
    const pattern = { origins: [`http://*:${port}`] }
    const refused = await Promise.all([
      outcome(`http://127.0.0.1:${port}`, {}),
      outcome(`http://127.0.0.1:${port}`, pattern),
      outcome(`http://app.example:${port}`, { ...pattern, lookup: resolvesTo('127.0.0.1') }),
      outcome(`http://app.example:${port}`, { ...pattern, lookup: resolvesTo('8.8.8.8', '127.0.0.1') }),
      outcome(`http://app.example:${port}`, { ...pattern, lookup: resolvesTo('::ffff:127.0.0.1') }),
      outcome(`http://app.example:${port}`, { ...pattern, lookup: resolvesTo() }),
      outcome(`http://localhost:${port}`, { allowLoopback: true, lookup: resolvesTo('10.0.0.1') }),
    ])
    for (const error of refused) expect(error).toBeInstanceOf(AddressForbiddenError)
    expect(requests).toBe(before)
  })

  test('checks the address of the connection, not only the resolved one', async () => {
    const before = requests
    let asked = 0
    // The address is public when it is checked, and another one when it is connected to.
    const rebindingLookup: LookupFunction = (_, __, callback) =>
      callback(null, [
        {
          get address() {
            asked += 1
            return asked === 1 ? '8.8.8.8' : '127.0.0.1'
          },
          family: 4,
        },
      ])
    const options = { origins: [`http://*:${port}`], lookup: rebindingLookup as never }
    expect(await outcome(`http://app.example:${port}`, options)).toMatchObject({
      name: 'AddressForbiddenError',
      message: 'the connected address 127.0.0.1 is not allowed',
    })
    expect(requests).toBe(before)
  })

  test('follows no redirect', async () => {
    const before = requests
    const origin = `http://127.0.0.1:${port}`
    expect(await outcome(`${origin}/redirect`, { origins: [origin] })).toBe('here')
    expect(requests).toBe(before + 1)
  })
})
