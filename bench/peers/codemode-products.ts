/** Codemode as it is compared with the peers: the built executor, as an installed package runs it. */
import { Codemode, type Json } from '@codemode/client'
import type { ExecutionRequest, ExecutionResult, Info } from '@codemode/shared'
import { startExecutorProcess } from '@codemode/testkit'

import { JsonConnection } from './json-connection.ts'
import type { Product } from './product.ts'
import { codemodeTools, startToolServer, toolServerToken } from './tool-server.ts'

const tools = Object.keys(codemodeTools).map((name) => ({ name }))

/** Codemode, driven as the peers are: by plain requests. Its tools are called over HTTP, in the process of the load generator. */
export const overCallbacks: Product = {
  name: 'Codemode',
  async start() {
    await using stack = new AsyncDisposableStack()
    const server = stack.use(await startToolServer())
    const { url, apiKey, pid } = stack.use(await startExecutor({ callbackOrigins: new URL(server.url).origin }))
    const headers = { authorization: `Bearer ${apiKey}` }
    const connection = stack.use(new JsonConnection(`${url}/v1/executions`, headers))
    const callback = { url: server.url, token: toolServerToken }
    const started = stack.move()
    return {
      pid,
      async execute({ code, input }) {
        const request = { code: code('input'), input: input as Json, tools, callback } satisfies ExecutionRequest
        const result = (await connection.post(request)) as ExecutionResult
        if (!result.success) throw new Error(`${result.error.code}: ${result.error.message}`)
        return result.result
      },
      async note() {
        const info = (await (await fetch(`${url}/v1/info`, { headers })).json()) as Info
        return `The executor isolated with ${info.isolation.tier}: ${info.isolation.layers.join(', ')}.`
      },
      [Symbol.asyncDispose]: () => started.disposeAsync(),
    }
  },
}

/** Codemode as an application uses it: with the client library, which answers tool calls over the event stream. */
export const withClient: Product = {
  name: 'Codemode, client library',
  async start() {
    await using stack = new AsyncDisposableStack()
    const { url, apiKey, pid } = stack.use(await startExecutor({}))
    const config = { executorUrl: url, executorApiKey: apiKey, tools: codemodeTools, retry: false } as const
    const codemode = stack.use(Codemode.fromClientConfig(config))
    const started = stack.move()
    return {
      pid,
      execute: ({ code, input }) => codemode.executeAsync(code('input'), input === undefined ? {} : { input }),
      [Symbol.asyncDispose]: () => started.disposeAsync(),
    }
  },
}

/** Starts the executor in production mode. Its log goes to the null device, so each line is written. */
function startExecutor({ callbackOrigins }: { readonly callbackOrigins?: string }) {
  const env = {
    CODEMODE_DEV: '0',
    CODEMODE_LOG_LEVEL: 'info',
    ...(callbackOrigins !== undefined && { CODEMODE_CALLBACK_ORIGINS: callbackOrigins }),
  }
  return startExecutorProcess({ env, isBuilt: true, stderr: 'ignore' })
}
