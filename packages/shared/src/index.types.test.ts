/** Type tests of the public exports; `npm run types` checks them. */
import { expectTypeOf, test } from 'vitest'

import {
  codesOfKind,
  newExecutionId,
  requestLimitsSchema,
  type ErrorCode,
  type ExecutionErrorCode,
  type ExecutionRequest,
  type ExecutionResult,
  type Json,
  type JsonObject,
  type RequestErrorCode,
  type RequestLimits,
  type ResolvedRequestLimits,
  type ToolErrorCode,
} from './index.ts'

test('success discriminates the type of a result of the API', () => {
  expectTypeOf<Extract<ExecutionResult, { success: true }>['result']>().toEqualTypeOf<Json>()
  expectTypeOf<Extract<ExecutionResult, { success: false }>['error']['code']>().toEqualTypeOf<ExecutionErrorCode>()
})

test('every code has one kind, except INTERNAL', () => {
  expectTypeOf<ExecutionErrorCode | RequestErrorCode | ToolErrorCode>().toExtend<ErrorCode>()
  expectTypeOf<ExecutionErrorCode & RequestErrorCode>().toEqualTypeOf<'INTERNAL'>()
  expectTypeOf(() => codesOfKind('tool')).returns.items.toEqualTypeOf<ToolErrorCode>()
})

test('a request needs its code, and limits are optional until they are resolved', () => {
  expectTypeOf<{ id: string; code: string }>().toExtend<Pick<ExecutionRequest, 'id' | 'code'>>()
  expectTypeOf(() => requestLimitsSchema.parse({})).returns.toEqualTypeOf<RequestLimits>()
  expectTypeOf<ResolvedRequestLimits['cpuTimeoutMs']>().toEqualTypeOf<number>()
  expectTypeOf<RequestLimits['cpuTimeoutMs']>().toEqualTypeOf<number | undefined>()
  expectTypeOf(newExecutionId).returns.toEqualTypeOf<string>()
})

test('the type Json is the result of JSON.parse', () => {
  expectTypeOf<JsonObject>().toExtend<Json>()
  expectTypeOf<null | boolean | number | string | Json[]>().toExtend<Json>()
  expectTypeOf<undefined>().not.toExtend<Json>()
  expectTypeOf<Date>().not.toExtend<Json>()
})
