import { consoleSessionSchema } from '@codemode/shared'
import { errorBodySchema } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import { startedEvent } from '../fake-engine.test-support.ts'
import { testApp } from '../http-app.test-support.ts'
import { assets, consoleApp, host } from './console.test-support.ts'

const codeOf = async (response: Response) => ({
  status: response.status,
  code: errorBodySchema.parse(await response.json()).error.code,
})

describe('the files of the console', () => {
  test('the page is served for every path, so that links into the console work', async () => {
    const { request } = consoleApp()
    for (const path of ['/console', '/console/', '/console/executions/exe_1?tab=journal']) {
      const response = await request(path)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toContain('text/html')
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(await response.text()).toContain('<base-path>/console</base-path>')
    }
  })

  test('a file is cached for ever, because its name has a hash', async () => {
    const response = await consoleApp().request('/console/console-0a1b2c.js')
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(await response.text()).toBe('run()')
  })

  test('a file of another version, or any other, does not exist', async () => {
    const { request } = consoleApp()
    for (const name of ['console-fedcba.js', 'console-fedcba.css', 'favicon.ico'])
      expect(await codeOf(await request(`/console/${name}`))).toEqual({ status: 404, code: 'NOT_FOUND' })
    expect((await request('/console/sessions/v1.2')).status).toBe(200)
  })

  test('files that could not be read are read again for the next request', async () => {
    let attempts = 0
    const loadAssets = async () => {
      attempts += 1
      if (attempts === 1) throw new Error('EMFILE')
      return assets
    }
    const { request } = consoleApp({ loadAssets })
    expect((await request('/console')).status).toBe(500)
    expect((await request('/console')).status).toBe(200)
    expect((await request('/console')).status).toBe(200)
    expect(attempts).toBe(2)
  })

  test('the base path is that of the configuration', async () => {
    const { request, signIn } = consoleApp({ basePath: '/ops/codemode' })
    expect(await (await request('/ops/codemode/x')).text()).toContain('<base-path>/ops/codemode</base-path>')
    expect((await request('/console')).status).toBe(404)
    const cookie = await signIn('acme')
    expect((await request('/ops/codemode/api/session', { headers: { cookie } })).status).toBe(200)
  })

  test('without a console, its paths do not exist', async () => {
    const { app } = testApp()
    for (const path of ['/console', '/console/', '/console/api/session', '/console/console-0a1b2c.js'])
      expect((await app.request(path)).status).toBe(404)
  })

  test.each(['/console', '/console/console-0a1b2c.js', '/console/api/session', '/console/api/nothing'])(
    'the response of %s is isolated from other sites and from content of guests',
    async (path) => {
      const { headers } = await consoleApp().request(path)
      const policy = headers.get('content-security-policy')
      for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"])
        expect(policy?.split('; ')).toContain(part)
      expect(policy).not.toMatch(/unsafe|\*|http/)
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'x-frame-options': 'DENY',
      })
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    },
  )
})

describe('signing in', () => {
  test('a valid key is exchanged for a cookie, which has neither the key nor its hash', async () => {
    const { request, logged } = consoleApp()
    const response = await request('/console/api/sign-in', { body: { apiKey: 'acme' } })
    expect(consoleSessionSchema.parse(await response.json())).toMatchObject({
      tenant: 'acme',
      owner: 'acme',
      keyId: 'acme',
      rights: ['run', 'read', 'approve', 'operate'],
      signedInBy: 'cookie',
      mode: 'on',
      hasStore: true,
      stores: 'all',
      retainMs: 300_000,
      forbidSelfApproval: false,
      version: '1.2.3',
    })
    const cookie = response.headers.get('set-cookie')!
    expect(cookie).toMatch(
      /^codemode-console=[\w-]+\.\d+\.[\w-]{43}; Max-Age=43200; Path=\/console; HttpOnly; SameSite=Strict$/,
    )
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(logged.join('')).not.toContain(cookie.split(';', 1)[0]!.slice('codemode-console='.length))
  })

  test('the cookie is for HTTPS only, if the browser or a proxy in front uses it', async () => {
    const { request, app } = consoleApp()
    const body = { apiKey: 'acme' }
    const behindProxy = await request('/console/api/sign-in', { body, headers: { 'x-forwarded-proto': 'https, http' } })
    const direct = await app.request(`https://${host}/console/api/sign-in`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    for (const { headers } of [behindProxy, direct]) expect(headers.get('set-cookie')).toMatch(/; Secure(;|$)/)
  })

  test('signing out removes the cookie', async () => {
    const response = await consoleApp().request('/console/api/sign-out', { method: 'POST' })
    expect(response.status).toBe(204)
    expect(response.headers.get('set-cookie')).toMatch(/^codemode-console=; Max-Age=0; Path=\/console; /)
  })

  test('a wrong or expired key is refused without a cookie, and is in no message and no log', async () => {
    const { request, addKey, logged, refusals } = consoleApp()
    addKey('former-key', { expiresAtMs: 1 })
    for (const apiKey of ['unknown-key', 'former-key', '']) {
      const response = await request('/console/api/sign-in', { body: { apiKey } })
      expect(response.headers.has('set-cookie')).toBe(false)
      expect(response.status).toBe(401)
      expect(await response.text()).not.toMatch(/unknown-key|former-key/)
    }
    expect(logged.join('') + JSON.stringify(refusals)).not.toMatch(/unknown-key|former-key/)
  })

  test('wrong keys from an address, which may be that of a proxy, keep nobody else out', async () => {
    const { request } = consoleApp()
    const attempt = async (apiKey: string) => (await request('/console/api/sign-in', { body: { apiKey } })).status
    for (let n = 0; n < 50; n++) expect(await attempt(`wrong-${n}`)).toBe(401)
    expect(await attempt('acme')).toBe(200)
  })
})

describe('a session', () => {
  test('its cookie opens the routes of the API, and has the rights of its key', async () => {
    const { request, signIn, addKey, engine } = consoleApp()
    addKey('reader', { tenant: 'acme', rights: ['read'] })
    const { id } = engine.add('acme').admit()
    const headers = { cookie: await signIn('reader') }
    const response = await request(`/console/api/executions/${id}`, { headers })
    expect(await response.json()).toMatchObject({ executionId: id })
    expect((await request('/console/api/info', { headers })).status).toBe(200)
    const cancel = await request(`/console/api/executions/${id}/cancel`, { headers, body: {} })
    expect(await codeOf(cancel)).toEqual({ status: 403, code: 'FORBIDDEN' })
    expect((await request('/console/api/nothing', { headers })).status).toBe(404)
    expect((await request(`/console/api/executions/${id}/cancel`, { headers })).status).toBe(405)
  })

  test("another tenant's execution does not exist for it", async () => {
    const { request, signIn, engine } = consoleApp()
    const { id } = engine.add('acme').admit()
    const headers = { cookie: await signIn('rival') }
    for (const path of ['', '/events', '/journal'])
      expect((await request(`/console/api/executions/${id}${path}`, { headers })).status).toBe(404)
    const cancel = await request(`/console/api/executions/${id}/cancel`, { headers, body: {} })
    expect(cancel.status).toBe(404)
    expect(engine.find('acme', id).cancelReason).toBeUndefined()
  })

  test('it ends with its time, and with its key: removed, expired, or replaced under the same id', async () => {
    const { request, signIn, clock, addKey, removeKey } = consoleApp()
    addKey('short', { expiresAtMs: clock.now + 60_000 })
    const statusOf = async (cookie: string) => (await request('/console/api/session', { headers: { cookie } })).status
    const [acme, rival, short] = [await signIn('acme'), await signIn('rival'), await signIn('short')]
    for (const cookie of [acme, rival, short]) expect(await statusOf(cookie)).toBe(200)
    removeKey('rival')
    expect(await statusOf(rival)).toBe(401)
    addKey('another key', { keyId: 'rival', tenant: 'rival' })
    expect(await statusOf(rival)).toBe(401)
    clock.now += 60_000
    expect(await statusOf(short)).toBe(401)
    clock.now += 12 * 3_600_000 - 61_000
    expect(await statusOf(acme)).toBe(200)
    clock.now += 1_000
    expect(await statusOf(acme)).toBe(401)
  })

  test('a request with two of its cookies is refused, because another program has set one of them', async () => {
    const { request, signIn } = consoleApp()
    const [acme, rival] = [await signIn('acme'), await signIn('rival')]
    const send = (cookie: string) => request('/console/api/session', { headers: { cookie } })
    for (const cookies of [
      `${acme}; ${rival}`,
      `${acme};${acme}`,
      `${rival}; other=1; ${acme}`,
      `codemode-console=; ${acme}`,
    ]) {
      const response = await send(cookies)
      expect(response.status).toBe(401)
      expect(await response.text()).toContain('sign in again')
    }
    expect((await send(`other=1; ${acme}; not-codemode-console=1`)).status).toBe(200)
  })

  test('the API of the console reads no authorization header, and /v1 no cookie', async () => {
    const { request, signIn } = consoleApp()
    const authorization = { authorization: 'Bearer acme' }
    expect((await request('/console/api/info', { headers: authorization })).status).toBe(401)
    expect((await request('/v1/info', { headers: authorization })).status).toBe(200)
    expect((await request('/v1/info', { headers: { cookie: await signIn('acme') } })).status).toBe(401)
  })
})

describe('the header of a proxy', () => {
  test('a valid key in it is a session, in place of that of a cookie', async () => {
    const { request, signIn } = consoleApp({ keyHeader: 'x-console-key' })
    const headers = { 'x-console-key': 'rival', cookie: await signIn('acme') }
    const response = await request('/console/api/session', { headers })
    expect(await response.json()).toMatchObject({ tenant: 'rival', signedInBy: 'header' })
    const wrong = await request('/console/api/session', { headers: { ...headers, 'x-console-key': 'forged' } })
    expect(await codeOf(wrong)).toEqual({ status: 401, code: 'UNAUTHORIZED' })
    expect((await request('/console/api/session', { headers: { cookie: headers.cookie } })).status).toBe(200)
    expect((await request('/v1/info', { headers })).status).toBe(401)
  })

  test('it is ignored unless it is configured', async () => {
    const { request } = consoleApp()
    expect((await request('/console/api/session', { headers: { 'x-console-key': 'acme' } })).status).toBe(401)
  })
})

test.each(['on', 'read-only'] as const)('a console that is %s serves no tool calls', async (mode) => {
  const { request, signIn, engine } = consoleApp({ mode })
  const { id } = engine.add('acme', undefined, 'acme').admit()
  const headers = { cookie: await signIn('acme') }
  for (const query of ['?serve=1', '?serve=1&serve=', '?serve', '?%73erve=1']) {
    const response = await request(`/console/api/executions/${id}/events${query}`, { headers })
    expect(await codeOf(response)).toEqual({ status: 403, code: 'FORBIDDEN' })
  }
  const events = await request(`/console/api/executions/${id}/events`, { headers })
  expect(events.status).toBe(200)
  await events.body?.cancel()
})

test('a session whose key was removed gets no further event of a stream that is open', async () => {
  const { request, signIn, engine, removeKey } = consoleApp()
  const execution = engine.add('acme', undefined, 'acme').admit().emit(startedEvent(1))
  const headers = { cookie: await signIn('acme') }
  const response = await request(`/console/api/executions/${execution.id}/events`, { headers })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader.read()).value).toMatch(/^id: 1\n/)
  removeKey('acme')
  execution.emit(startedEvent(2))
  expect((await reader.read()).value).toMatch(/^event: error\ndata: .*"UNAUTHORIZED"/)
  expect((await reader.read()).done).toBe(true)
})

test('a console that is read-only refuses every write but signing in and out and replays, whatever the rights', async () => {
  const { request, signIn, engine } = consoleApp({ mode: 'read-only' })
  const { id } = engine.add('acme').admit()
  const cookie = await signIn('acme')
  const headers = { cookie }
  const writes: [method: string, path: string][] = [
    ['POST', '/executions'],
    ['POST', `/executions/${id}/cancel`],
    ['POST', `/executions/${id}/retry`],
    ['POST', `/executions/${id}/wake`],
    ['PUT', `/executions/${id}/callback`],
    ['POST', `/executions/${id}/approvals/${id}:1`],
    ['POST', '/sessions'],
    ['DELETE', '/sessions/ses_1'],
    ['POST', '/notifications/1/resend'],
  ]
  for (const [method, path] of writes) {
    const response = await request(`/console/api${path}`, { method, headers, body: {} })
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('CODEMODE_CONSOLE=read-only')
  }
  expect(engine.find('acme', id).cancelReason).toBeUndefined()
  expect((await request(`/console/api/executions/${id}`, { headers })).status).toBe(200)
  expect(await (await request('/console/api/session', { headers })).json()).toMatchObject({ mode: 'read-only' })
  expect((await request(`/console/api/executions/${id}/replay`, { headers, method: 'POST' })).status).toBe(200)
  expect((await request('/console/api/sign-out', { headers, method: 'POST' })).status).toBe(204)
})
