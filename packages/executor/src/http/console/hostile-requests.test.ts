// Requests of other sites through a browser that is signed in, and cookies that nobody has been given.
import { createHmac } from 'node:crypto'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { consoleApp, host } from './console.test-support.ts'

describe('a page of another site', () => {
  test.each(['cross-site', 'same-site'])('can neither read nor write (%s)', async (site) => {
    const { request, signIn, engine } = consoleApp()
    const { id } = engine.add('acme').admit()
    const headers = { cookie: await signIn('acme'), 'sec-fetch-site': site }
    for (const path of ['/session', '/info', `/executions/${id}`, `/executions/${id}/events`, '/nothing'])
      expect((await request(`/console/api${path}`, { headers })).status).toBe(403)
    for (const path of [`/executions/${id}/cancel`, '/sign-in', '/sign-out', '/executions'])
      expect((await request(`/console/api${path}`, { headers, body: { apiKey: 'acme' } })).status).toBe(403)
    expect(engine.find('acme', id).cancelReason).toBeUndefined()
    expect(engine.submissions).toEqual([])
  })

  test.each([
    ['no header that names its origin', {}],
    ['another origin', { origin: 'https://evil.example' }],
    ['an origin on another port', { origin: `http://${host}:8080` }],
    ['an origin that ends with the host', { origin: `http://evil-${host}` }],
    ['an origin with the host as its user', { origin: `http://${host}@evil.example` }],
    ['the origin of a sandboxed frame', { origin: 'null' }],
    ['an address that was typed', { 'sec-fetch-site': 'none', origin: `http://${host}` }],
    ['an unknown relation', { 'sec-fetch-site': 'same-origin, cross-site', origin: `http://${host}` }],
  ])('can not write with %s', async (_, more) => {
    const { app, signIn, engine } = consoleApp()
    const { id } = engine.add('acme').admit()
    const response = await app.request(`http://${host}/console/api/executions/${id}/cancel`, {
      method: 'POST',
      headers: { host, cookie: await signIn('acme'), ...more },
    })
    expect(response.status).toBe(403)
    expect(engine.find('acme', id).cancelReason).toBeUndefined()
  })

  test('the console itself can write where browsers name the origin only', async () => {
    const { app, signIn, engine } = consoleApp()
    const { id } = engine.add('acme').admit()
    const response = await app.request(`http://${host}/console/api/executions/${id}/cancel`, {
      method: 'POST',
      headers: { host, cookie: await signIn('acme'), origin: `http://${host}` },
    })
    expect(response.status).toBe(200)
    expect(engine.find('acme', id).cancelReason).toBeDefined()
  })
})

const base64url = (text: string) => Buffer.from(text).toString('base64url')
const sign = (content: string, secret: string | Buffer) =>
  `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`

describe('a forged cookie', () => {
  test('is refused: with the id of another key, a later end, a part of it, or a signature by anything but the secret', async () => {
    const { request, signIn, clock, removeKey } = consoleApp()
    const [, valid = ''] = (await signIn('acme')).split('=')
    const [id = '', end = '', signature = ''] = valid.split('.')
    const forged = [
      `${base64url('rival')}.${end}.${signature}`,
      `${id}.${Number(end) + 1}.${signature}`,
      `${id}.0${end}.${signature}`,
      `${id}=.${end}.${signature}`,
      `${id}.${end}.`,
      `${id}.${end}`,
      `${id}..${signature}`,
      '',
      '..',
      valid.slice(0, -1),
      `${valid}A`,
      valid.toUpperCase(),
      sign(`${id}.${end}`, ''),
      sign(`${id}.${end}`, 'acme'),
      sign(`${id}.${end}`, Buffer.alloc(32)),
      'acme',
      `${base64url('nobody')}.${end}.${signature}`,
      `${base64url('__proto__')}.${end}.${signature}`,
    ]
    const statusOf = async (value: string) =>
      (await request('/console/api/session', { headers: { cookie: `codemode-console=${value}` } })).status
    for (const value of forged) expect([value, await statusOf(value)]).toEqual([value, 401])
    expect(await statusOf(valid)).toBe(200)
    // The last character of the signature has bits that decoding ignores.
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const changed = last
      .split('')
      .map((character) => valid.slice(0, -1) + character)
      .filter((value) => value !== valid)
    for (const value of changed) expect(await statusOf(value)).toBe(401)
    removeKey('acme')
    clock.now += 1
    expect(await statusOf(valid)).toBe(401)
  })

  test('any text that differs from the cookie is refused', async () => {
    const { app, signIn } = consoleApp()
    const [, valid = ''] = (await signIn('acme')).split('=')
    const mutated = fc
      .tuple(fc.nat(valid.length - 1), fc.string({ unit: 'binary-ascii', maxLength: 4 }), fc.nat(3))
      .map(([at, inserted, removed]) => valid.slice(0, at) + inserted + valid.slice(at + removed))
    const anything = fc.oneof(mutated, fc.string({ unit: 'binary-ascii', maxLength: 800 }))
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        const cookie = `codemode-console=${value.replaceAll(/[^\x20-\x7e]|;/g, '')}`
        fc.pre(cookie.trim() !== `codemode-console=${valid}` && !cookie.includes(valid))
        const response = await app.request(`http://${host}/console/api/session`, { headers: { host, cookie } })
        expect(response.status).toBe(401)
      }),
      { numRuns: 500, seed: 42 },
    )
  })
})
