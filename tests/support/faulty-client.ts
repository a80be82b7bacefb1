import { context, trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll } from 'vitest'

import type { ClientConfig, Codemode, ExecuteOptions, ExecutionResult } from '@codemode/client'

import {
  connect,
  type Exchange,
  type Fault,
  freePort,
  type Proxy,
  startProxy,
  type transports,
} from '@codemode/testkit'

/** Kind of a request by its purpose; `answer` is the request that carries a tool's answer, in either transport. */
export type RequestKind = 'create' | 'events' | 'answer' | 'cancel' | 'record'

/** Faults of the first requests of each kind; later requests pass. A function decides on every request. */
export type Faults = Partial<Record<RequestKind, Fault[] | ((exchange: Exchange) => Fault)>>

/** Client behind proxies with faults, both to the executor and from there to its tools. */
export interface FaultyClient extends AsyncDisposable {
  readonly client: Codemode
  /** Returns the requests of one kind, in the order of their arrival. */
  readonly requests: (kind: RequestKind) => Exchange[]
  /** Ids of the calls whose handler ran, one for each run. */
  readonly calls: string[]
}

/** Methods that run code and resolve with its result. */
export const methods = {
  run: (client: Codemode, code: string, options?: ExecuteOptions): Promise<ExecutionResult> =>
    client.run(code, options),
  submit: async (client: Codemode, code: string, options?: ExecuteOptions): Promise<ExecutionResult> =>
    (await client.submit(code, options)).wait(),
} as const

/** Every combination of transport and method. */
export const usages = (['callback', 'stream'] as const).flatMap((transport) =>
  (['run', 'submit'] as const).map((method) => ({
    transport,
    method,
    /** Whether the client reads a stream of events instead of one answer. */
    isStreaming: transport === 'stream' || method === 'submit',
  })),
)

/** Code that calls `count` once, and then twice in parallel. */
export const threeCalls = `
  const first = await tools.count(1)
  return [first, ...(await Promise.all([tools.count(2), tools.count(3)]))]`

/** Starts a client with the tool `count`, which answers with its input, and the tools of the configuration. */
export async function startFaulty(
  executor: { readonly url: string },
  transport: (typeof transports)[number]['transport'],
  faults: Faults,
  { tools, ...config }: Partial<ClientConfig> = {},
): Promise<FaultyClient> {
  const calls: string[] = []
  const faultFor = (kind: RequestKind, exchange: Exchange): Fault => {
    const planned = faults[kind]
    return (typeof planned === 'function' ? planned(exchange) : planned?.shift()) ?? 'pass'
  }
  const before = await startProxy(executor, (exchange) => faultFor(kindOf(exchange), exchange))
  const port = await freePort()
  const behind: Proxy | undefined =
    transport === 'callback'
      ? await startProxy({ url: `http://127.0.0.1:${port}` }, (exchange) => faultFor('answer', exchange))
      : undefined
  const count = (input: unknown, { callId }: { callId: string }) => {
    calls.push(callId)
    return input
  }
  const client = connect(before, {
    retry: { backoffBaseMs: 1 },
    ...config,
    ...(behind && { toolServer: { port, url: behind.url } }),
    tools: { count, ...tools },
  })
  return {
    client,
    calls,
    requests: (kind) =>
      kind === 'answer' && behind
        ? [...behind.exchanges]
        : before.exchanges.filter((exchange) => kindOf(exchange) === kind),
    async [Symbol.asyncDispose]() {
      await client.close()
      await Promise.all([before.cut(), behind?.cut()])
    },
  }
}

function kindOf({ method, path }: Exchange): RequestKind {
  if (path.endsWith('/events')) return 'events'
  if (path.endsWith('/tool-results')) return 'answer'
  if (path.endsWith('/cancel')) return 'cancel'
  return method === 'POST' ? 'create' : 'record'
}

/**
 * Counts how often executors in this process have run code, by the finished spans of their executions, for all tests of
 * the file that calls this. Executions that are still running are not counted.
 */
export function countRuns(): (executionId?: string) => number {
  const exporter = new InMemorySpanExporter()
  beforeAll(() => {
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  })
  afterAll(() => {
    for (const api of [trace, context]) api.disable()
  })
  return (executionId) =>
    exporter
      .getFinishedSpans()
      .filter(({ name, attributes }) => name === 'codemode.execution' && isOf(attributes, executionId)).length
}

const isOf = (attributes: Readonly<Record<string, unknown>>, executionId: string | undefined): boolean =>
  executionId === undefined || attributes['codemode.execution_id'] === executionId
