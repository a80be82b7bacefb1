import { defaultRequestLimits } from '@codemode/shared'
import type { Hono } from 'hono'

import { defaultMaxLimits } from '../api-keys.ts'
import { combineObservers, type Refusal } from '../engine/engine-observer.ts'
import { allRights, type Principal } from '../engine/principal.ts'
import type { ExecutorInfo } from '../executor-info.ts'
import type { KeyStore } from '../key-store.ts'
import { createLogger } from '../log.ts'
import { createCallbackGuard } from '../tools/callback-guard.ts'
import type { HttpEnv } from './http-context.ts'
import { FakeEngine } from './fake-engine.test-support.ts'
import type { ConsoleOptions } from './console/console-app.ts'
import { createHttpApp } from './http-app.ts'

export const info: ExecutorInfo = {
  name: 'codemode-executor',
  version: '1.2.3',
  versions: { node: 'v26', v8: '14', icu: '77', isolatedVm: '7', guestRuntime: 'abc' },
  isolation: { tier: 'permissions', layers: [] },
  sandboxProcesses: 2,
}

interface TestAppOptions {
  readonly heartbeatMs?: number
  readonly stallMs?: number
  readonly console?: ConsoleOptions
  readonly keys?: KeyStore
}

export const principal = (tenant: string): Principal => ({
  keyId: `key of ${tenant}`,
  owner: `owner of ${tenant}`,
  rights: allRights,
  tenant,
  isolation: 'tenant',
  reuseIsolates: true,
  defaultLimits: defaultRequestLimits,
  maxLimits: defaultMaxLimits,
  maxDetachedExecutionMs: 86_400_000,
  maxRunning: 10,
  maxQueued: 10,
})

/**
 * Creates the app over a fake engine, for tenants `acme` and `rival`, whose keys are `key-of-acme` and `key-of-rival`.
 */
export function testApp({ heartbeatMs = 15_000, stallMs = 30_000, console, keys }: TestAppOptions = {}) {
  const engine = new FakeEngine()
  const logged: string[] = []
  const refusals: Refusal[] = []
  const special = new Map<string, Principal>()
  const app: Hono<HttpEnv> = createHttpApp({
    engine,
    keys: keys ?? {
      find(bearer) {
        if (bearer === 'key-that-expired') return 'expired'
        if (special.has(bearer)) return special.get(bearer)
        return /^key-of-(acme|rival)$/.test(bearer) ? principal(bearer.replace('key-of-', '')) : undefined
      },
      findById: () => undefined,
    },
    guard: createCallbackGuard({ origins: ['https://app.example'], allowLoopback: false }),
    notifyGuard: createCallbackGuard({ origins: ['https://app.example'], allowLoopback: false, field: 'notify' }),
    info: () => info,
    logger: createLogger({ level: 'info', to: { write: (line) => void logged.push(line) } }),
    observer: combineObservers([{ requestRefused: (refusal) => refusals.push(refusal) }]),
    metrics: { text: async () => 'codemode_ready 1\n' },
    heartbeatMs,
    stallMs,
    console,
  })

  /** Sends a request as a tenant. A body that is neither a string nor a stream is sent as JSON. */
  async function send(method: string, path: string, options: SendOptions = {}): Promise<Response> {
    const { body, headers = {}, tenant = 'acme', as, signal } = options
    const key = as === undefined ? `key-of-${tenant}` : `special-key-${special.size}`
    if (as !== undefined) special.set(key, { ...principal(tenant), ...as })
    const text = typeof body === 'string' || body instanceof ReadableStream ? body : JSON.stringify(body)
    return app.request(path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(text !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(text !== undefined && { body: text, duplex: 'half' }),
      ...(signal !== undefined && { signal }),
    })
  }

  return { app, engine, logged, refusals, send }
}

interface SendOptions {
  readonly body?: unknown
  readonly headers?: Record<string, string>
  readonly tenant?: string
  /** Fields of the key that differ from those of the tenant's usual key. */
  readonly as?: Partial<Principal>
  readonly signal?: AbortSignal
}
