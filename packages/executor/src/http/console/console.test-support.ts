import { createHash } from 'node:crypto'

import type { ConsoleAssets } from '@codemode/console'
import { onTestFinished } from 'vitest'

import type { ApiKey } from '../../api-keys.ts'
import type { Principal } from '../../engine/principal.ts'
import { findKey, findKeyById } from '../../key-store.ts'
import { principal, testApp } from '../http-app.test-support.ts'
import type { ConsoleOptions } from './console-app.ts'

export const assets: ConsoleAssets = {
  page: ({ basePath }) => `<!doctype html><base-path>${basePath}</base-path>`,
  files: new Map([['console-0a1b2c.js', { content: 'run()', contentType: 'text/javascript; charset=utf-8' }]]),
}

/** Host that a browser sends to the console of a test. */
export const host = 'executor.example'
const origin = `http://${host}`

interface RequestOptions {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/** Starts an app with a console, whose API keys a test changes. Keys are texts such as `acme`, of the tenant with this name. */
export function consoleApp(options: Partial<ConsoleOptions> = {}) {
  const clock = { now: Date.UTC(2030, 0) }
  const keys: ApiKey[] = []
  const base = {
    loadAssets: async () => assets,
    basePath: '/console',
    mode: 'on',
    keyHeader: undefined,
    secret: async () => Buffer.alloc(32, 7),
    hasStore: true,
    stores: () => 'all' as const,
    retainMs: 300_000,
    now: () => clock.now,
  } as const
  const test = testApp({
    console: { ...base, ...options },
    keys: {
      find: (bearer) => findKey(keys, bearer, clock.now),
      findById: (keyId) => findKeyById(keys, keyId, clock.now),
    },
  })
  onTestFinished(() => void keys.splice(0))

  function addKey(key: string, { expiresAtMs = Infinity, ...more }: Partial<Principal & ApiKey> = {}): void {
    const sha256 = createHash('sha256').update(key).digest()
    keys.push({ sha256, expiresAtMs, principal: { ...principal(key), keyId: key, owner: key, ...more } })
  }

  function removeKey(keyId: string): void {
    keys.splice(
      keys.findIndex(({ principal }) => principal.keyId === keyId),
      1,
    )
  }

  /** Sends a request as a page of the console does. */
  async function request(path: string, { method, body, headers = {} }: RequestOptions = {}): Promise<Response> {
    return test.app.request(`${origin}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        host,
        'sec-fetch-site': 'same-origin',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }

  /** Signs in, and returns the cookie as the browser sends it. */
  async function signIn(apiKey: string): Promise<string> {
    const response = await request(`${options.basePath ?? '/console'}/api/sign-in`, { body: { apiKey } })
    return response.headers.get('set-cookie')?.split(';', 1)[0] ?? ''
  }

  addKey('acme')
  addKey('rival')
  return { ...test, clock, addKey, removeKey, request, signIn }
}
