/** Type tests of the public exports; `npm run types` checks them. */
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'

import {
  tool,
  withCache,
  withDegradation,
  withFailover,
  withFallback,
  type CachingExecutor,
  type CancelledError,
  type ClientConfig,
  type Approval,
  type Codemode,
  type EndedExecution,
  type Execution,
  type ExecuteAllOptions,
  type ExecuteOptions,
  type ExecutionError,
  type ExecutionResult,
  type ExecutionSummary,
  type ExecutorClient,
  type ExecutorClientError,
  type ExecutorTimeoutError,
  type Executor,
  type FailedExecution,
  type Json,
  type JsonObject,
  type MockExecutor,
  type PausedExecution,
  type Session,
  type SessionSummary,
  type SucceededExecution,
  type TimeoutLayer,
  type Tool,
  type ToolCall,
  type ToolHandler,
  type ToolLike,
  type ToolSchema,
} from './index.ts'

declare const codemode: Codemode

test('executeAsync resolves with the requested type, JSON by default', () => {
  expectTypeOf<typeof codemode.executeAsync<number>>().returns.toEqualTypeOf<Promise<number>>()
  expectTypeOf(() => codemode.executeAsync('1')).returns.toEqualTypeOf<Promise<Json>>()
  expectTypeOf(() => codemode.run('1')).returns.toEqualTypeOf<Promise<ExecutionResult>>()
  expectTypeOf(() => codemode.run<string>('1')).returns.toEqualTypeOf<Promise<ExecutionResult<string>>>()
  expectTypeOf(() => codemode.executeAll<boolean>([])).returns.toEqualTypeOf<Promise<ExecutionResult<boolean>[]>>()
  expectTypeOf<Codemode['executeAll']>().parameter(1).toEqualTypeOf<ExecuteAllOptions | undefined>()
  expectTypeOf<Codemode['executeAsync']>().parameters.toEqualTypeOf<
    [code: string, options?: ExecuteOptions | undefined]
  >()
})

test('success discriminates the type of a result', () => {
  expectTypeOf<ExecutionResult>().toEqualTypeOf<SucceededExecution | FailedExecution | PausedExecution>()
  expectTypeOf<Extract<ExecutionResult<number>, { success: true }>['result']>().toEqualTypeOf<number>()
  expectTypeOf<FailedExecution['error']['retryable']>().toEqualTypeOf<boolean>()
  // Code that forgets paused executions does not compile, because these have neither a value nor an error.
  expectTypeOf<Extract<ExecutionResult, { success: false }>>().not.toHaveProperty('error')
  expectTypeOf<Extract<ExecutionResult, { status: 'paused' }>['approvals'][number]>().toEqualTypeOf<Approval>()
  expectTypeOf<FailedExecution>().not.toHaveProperty('result')
  expectTypeOf<SucceededExecution>().not.toHaveProperty('error')
})

test('detached executions have the same handles, and only submit takes their options', () => {
  expectTypeOf(() => codemode.submit<number>('1', { detached: true, expiresAfterMs: 1 })).returns.toEqualTypeOf<
    Promise<Execution<number>>
  >()
  expectTypeOf(() => codemode.getExecution<number>('exe_')).returns.toEqualTypeOf<Promise<Execution<number>>>()
  expectTypeOf(() => codemode.listExecutions()).returns.toEqualTypeOf<AsyncIterable<ExecutionSummary>>()
  expectTypeOf<ExecuteOptions>().not.toHaveProperty('detached')
  expectTypeOf<ExecuteAllOptions>().not.toHaveProperty('expiresAfterMs')
})

test('a handle is not a promise, and its wait() returns one', () => {
  expectTypeOf(() => codemode.submit<number>('1')).returns.toEqualTypeOf<Promise<Execution<number>>>()
  expectTypeOf<Execution>().not.toHaveProperty('then')
  expectTypeOf<Execution<number>['wait']>().returns.toEqualTypeOf<Promise<ExecutionResult<number>>>()
  expectTypeOf<Awaited<Execution>>().toEqualTypeOf<Execution>()
})

test('the options of an execution are these, and all are optional', () => {
  interface Options {
    availableTools?: readonly string[]
    input?: Json
    context?: JsonObject
    config?: JsonObject
    label?: string
    correlationId?: string
    executionTimeoutMs?: number
    cpuTimeoutMs?: number
    toolTimeoutMs?: number
    queueTimeoutMs?: number
    memoryLimitMb?: number
    maxToolCalls?: number
    priority?: number
    signal?: AbortSignal
  }
  expectTypeOf<Options>().toExtend<ExecuteOptions>()
  expectTypeOf<keyof Options>().toExtend<keyof ExecuteOptions>()
  expectTypeOf<object>().toExtend<Partial<ExecuteOptions>>()
})

/** Calls that only the compiler reads. */
function wrongContextAndInput(): void {
  // @ts-expect-error a context is an object
  codemode.withContext('ann')
  // @ts-expect-error a symbol is no input
  void codemode.run('1', { input: Symbol('s') })
}

test('input, context and config take objects that an interface describes', () => {
  interface Order {
    readonly id: string
    readonly lines: readonly { sku: string; note?: string | undefined }[]
    readonly at: Date
  }
  type Input = NonNullable<ExecuteOptions['input']>
  expectTypeOf<Order>().toExtend<Input>()
  expectTypeOf<readonly Order[]>().toExtend<Input>()
  expectTypeOf<Order>().toExtend<NonNullable<ExecuteOptions['context']>>()
  expectTypeOf<Order>().toExtend<NonNullable<ExecuteOptions['config']>>()
  expectTypeOf<Codemode['withContext']>().toBeCallableWith({} as Order)
  expectTypeOf<Json>().toExtend<Input | null>()
  expectTypeOf(wrongContextAndInput).toBeFunction()
})

test('a JSON Schema may be typed by an interface, or be constant', () => {
  interface JsonSchema7 {
    type?: 'object' | 'string'
    properties?: { [name: string]: JsonSchema7 }
  }
  expectTypeOf<JsonSchema7>().toExtend<ToolSchema>()
  const constant = { type: 'object', required: ['city'] } as const
  tool({ inputSchema: constant, execute: ({ city }: { city: string }) => city })
  // @ts-expect-error a text is no schema
  tool({ inputSchema: 'string', execute: () => 1 })
})

test('withTools takes tools by name, and returns a client', () => {
  interface Tools {
    readonly weather: (input: { city: string }) => string
    readonly now: Tool
  }
  expectTypeOf<Codemode['withTools']>().returns.toEqualTypeOf<Codemode>()
  const compiledOnly = (): void => {
    codemode.withTools({ weather: ({ city }: { city: string }) => city })
    codemode.withTools({} as Record<string, ToolLike>)
    codemode.withTools({} as Tools)
    // @ts-expect-error a text is no tool
    codemode.withTools({ weather: 'sunny' })
  }
  expectTypeOf(compiledOnly).toBeFunction()
})

test('URLs are text or URL objects', () => {
  expectTypeOf<ClientConfig['executorUrl']>().toEqualTypeOf<string | URL>()
  expectTypeOf<{ port: number; url: URL }>().toExtend<NonNullable<ClientConfig['toolServer']>>()
})

test('a handler receives the output of its zod input schema, and returns the input of its output schema', () => {
  const inputSchema = z.object({ city: z.string(), days: z.coerce.number().default(1) })
  const weather = tool({
    inputSchema,
    outputSchema: z.object({ celsius: z.number() }),
    execute: (input, call) => {
      expectTypeOf(input).toEqualTypeOf<{ city: string; days: number }>()
      expectTypeOf(call).toEqualTypeOf<ToolCall>()
      return { celsius: input.days }
    },
  })
  expectTypeOf(weather).toEqualTypeOf<Tool>()
  // @ts-expect-error a string is no number
  tool({ outputSchema: z.object({ celsius: z.number() }), run: () => ({ celsius: 'warm' }) })
  // @ts-expect-error the schema gives no number
  tool({ inputSchema, runAsync: async (input: { city: number }) => input })
})

test('a handler with a JSON Schema, or without a schema, declares its own input type', () => {
  tool({ inputSchema: { type: 'object' }, execute: ({ city }: { city: string }) => city })
  tool({ execute: async ({ city }: { city: string }, { signal }) => [city, signal.aborted] })
  expectTypeOf<(input: { city: string }) => string>().toExtend<ToolLike>()
  expectTypeOf<(input: { city: string }) => Promise<Date>>().toExtend<ToolHandler>()
  expectTypeOf<string>().not.toExtend<ToolLike>()
})

test('every error of the client is an ExecutorClientError, some with further fields', () => {
  expectTypeOf<ExecutionError | ExecutorTimeoutError | CancelledError>().toExtend<ExecutorClientError>()
  expectTypeOf<ExecutorClientError>().toExtend<Error>()
  expectTypeOf<ExecutorTimeoutError['layer']>().toEqualTypeOf<TimeoutLayer>()
})

test('ExecutorClient, MockExecutor and the wrappers are Executors; views are clients', () => {
  expectTypeOf<ExecutorClient | MockExecutor | CachingExecutor>().toExtend<Executor>()
  expectTypeOf(withCache).returns.toEqualTypeOf<CachingExecutor>()
  expectTypeOf(withFallback).returns.toEqualTypeOf<Executor>()
  expectTypeOf(withFailover).returns.toEqualTypeOf<Executor>()
  expectTypeOf(withDegradation).returns.toEqualTypeOf<Executor>()
  expectTypeOf<Codemode['withContext']>().returns.toEqualTypeOf<Codemode>()
  expectTypeOf<Codemode['registerTool']>().returns.toEqualTypeOf<Codemode>()
  expectTypeOf<Codemode>().toExtend<AsyncDisposable>()
})

declare const session: Session

test('a step resolves with its execution, or with its result if it waits', () => {
  expectTypeOf(() => codemode.session({ context: { user: 'u1' } })).returns.toEqualTypeOf<Promise<Session>>()
  expectTypeOf(() => session.addStep('1')).returns.toEqualTypeOf<Promise<Execution>>()
  expectTypeOf(() => session.addStep<number>('1', { wait: false })).returns.toEqualTypeOf<Promise<Execution<number>>>()
  expectTypeOf(() => session.addStep<number>('1', { wait: true })).returns.toEqualTypeOf<
    Promise<EndedExecution<number>>
  >()
  expectTypeOf(() => session.run<number>('1')).returns.toEqualTypeOf<Promise<number>>()
  // @ts-expect-error the context is the session's
  expectTypeOf(() => session.run('1', { context: {} })).toBeFunction()
  // @ts-expect-error a step has no other event
  expectTypeOf(() => session.on('start', () => {})).toBeFunction()
  expectTypeOf<Session>().toExtend<AsyncDisposable>()
  expectTypeOf<Codemode['listSessions']>().returns.toEqualTypeOf<AsyncIterable<SessionSummary>>()
})
