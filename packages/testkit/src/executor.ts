import { Codemode, type ClientConfig } from '@codemode/client'
import { createExecutor, type ExecutorConfigInput, type RunningExecutor } from '@codemode/executor'

import { reuseIsolates } from './reuse-isolates.ts'

/** API key of the executors that tests start. */
export const apiKey = 'a-key-for-tests-only'

/** Starts a real executor with real sandbox processes on a free port, and without a store unless it is configured. */
export function startExecutor(config: ExecutorConfigInput = {}): Promise<RunningExecutor> {
  const store = config.databaseUrl === undefined && config.dataDir === undefined ? 'none' : 'postgres'
  const defaults = {
    apiKey,
    port: 0,
    dev: true,
    logLevel: 'silent',
    sandboxProcesses: 2,
    store,
    reuseIsolates,
  } as const
  return createExecutor({ ...defaults, ...config })
}

/** Timeouts for tests of something else: an execution that computes for seconds also ends well on a slow, busy machine. */
export const longTimeouts = { executionTimeoutMs: 240_000, queueTimeoutMs: 60_000, toolTimeoutMs: 240_000 }

/** The same timeouts as environment variables of a client in another process. */
export const longTimeoutVariables = {
  CODEMODE_EXECUTION_TIMEOUT_MS: String(longTimeouts.executionTimeoutMs),
  CODEMODE_QUEUE_TIMEOUT_MS: String(longTimeouts.queueTimeoutMs),
  CODEMODE_TOOL_TIMEOUT_MS: String(longTimeouts.toolTimeoutMs),
}

/** Returns a client of the executor, with long timeouts unless `config` sets `requestTimeoutMs` or `executionTimeoutMs`. */
export function connect(executor: { readonly url: string }, config: Partial<ClientConfig> = {}): Codemode {
  const hasOwn = config.requestTimeoutMs !== undefined || config.executionTimeoutMs !== undefined
  const timeouts = hasOwn ? {} : longTimeouts
  return Codemode.fromClientConfig({ executorUrl: executor.url, executorApiKey: apiKey, ...timeouts, ...config })
}

/** Client configuration of both transports; tests that involve tools run over both. */
export const transports = [
  { transport: 'callback', config: { toolServer: { port: 0 } } },
  { transport: 'stream', config: {} },
] as const satisfies readonly { transport: string; config: Partial<ClientConfig> }[]

/** Sends a request to the executor's HTTP API, as any client could. */
export async function api(
  executor: { readonly url: string },
  path: string,
  init: {
    method?: string
    body?: unknown
    key?: string | undefined
    headers?: Record<string, string>
    signal?: AbortSignal
  } = {},
  // Tests read the parts that they expect from a body; a missing part fails the test.
  // oxlint-disable-next-line typescript/no-explicit-any
): Promise<{ status: number; headers: Headers; body: any }> {
  const { method = init.body === undefined ? 'GET' : 'POST', body, key = apiKey, headers = {}, signal } = init
  const response = await fetch(`${executor.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal && { signal }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}
