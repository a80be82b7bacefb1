/** Promises of the public surface's types; `npm run types` checks them. */
import { expectTypeOf, test } from 'vitest'

import { createExecutor, type ConfigurationError, type ExecutorConfigInput, type RunningExecutor } from './index.ts'

test('createExecutor accepts a configuration, and close() its options', () => {
  expectTypeOf(createExecutor).parameter(0).toEqualTypeOf<ExecutorConfigInput | undefined>()
  expectTypeOf(createExecutor).returns.toEqualTypeOf<Promise<RunningExecutor>>()
  expectTypeOf<RunningExecutor>().toExtend<AsyncDisposable & { readonly url: string; readonly port: number }>()
  expectTypeOf<RunningExecutor['close']>().parameters.toEqualTypeOf<[options?: { drainMs?: number } | undefined]>()
})

test('the configuration is optional, in whole and in part', () => {
  expectTypeOf<object>().toExtend<Partial<ExecutorConfigInput>>()
  expectTypeOf<{ apiKey: string; port: number; dev: boolean }>().toExtend<ExecutorConfigInput>()
  expectTypeOf<ConfigurationError>().toExtend<Error>()
})
