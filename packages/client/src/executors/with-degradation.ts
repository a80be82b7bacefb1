import type { ExecutionRequest, Json } from '@codemode/shared'
import { z } from 'zod'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { emptyRunFields, type ExecutionResult } from '../run/execution-result.ts'
import type { Executor } from '../executor.ts'
import { NotJsonError } from '../tools/not-json.ts'
import { toJson } from '../tools/to-json.ts'
import { withIds } from './with-ids.ts'
import { isOutage } from '../errors/unavailable.ts'
import { forwardMethods } from './forward-methods.ts'
import { checkExecutors, parseWrapperOptions } from './wrapper-options.ts'

type MakeResult = (request: ExecutionRequest, error: unknown) => Json | Promise<Json>

const correctCall = 'withDegradation(executor, { result: null })'

const optionsSchema = z.strictObject({
  /**
   * Value of an execution whose request failed, or a function that makes it from the request and the error. If the
   * function throws, the execution fails with that error; so the function can rethrow selected errors.
   */
  result: z.custom<Json | MakeResult>((result) => result !== undefined, 'is missing'),
})

/** Options of `withDegradation`. */
export type DegradationOptions = z.input<typeof optionsSchema>

/**
 * Returns an executor that resolves with a substitute value when the request or the executor has failed: a success with
 * `source: 'degraded'`, and no logs, tool calls or usage. Results of the code, failures included, pass unchanged, as do
 * a CancelledError and a ConfigurationError. Calls of tools that the failed run has made are not undone.
 */
export function withDegradation(executor: Executor, options: DegradationOptions): Executor {
  checkExecutors([executor], correctCall)
  const { result } = parseWrapperOptions(optionsSchema, options, correctCall)
  return {
    ...forwardMethods([executor]),
    async run(given, givenOptions) {
      // A substitute value would hide that the session lacks a step.
      if (givenOptions.session !== undefined) return executor.run(given, givenOptions)
      const { request, options } = withIds(given, givenOptions)
      try {
        return await executor.run(request, options)
      } catch (error) {
        if (!isOutage(error, options.signal)) throw error
        const value = typeof result === 'function' ? await result(request, error) : result
        return degraded(resultOf(value), request.id, options.correlationId)
      }
    },
  }
}

function resultOf(value: unknown): Json {
  try {
    return toJson(value)
  } catch (cause) {
    if (!(cause instanceof NotJsonError)) throw cause
    throw new ConfigurationError(cause.about('result'), correctCall, { cause })
  }
}

function degraded(result: Json, executionId: string, correlationId: string): ExecutionResult {
  return {
    success: true,
    result,
    executionId,
    correlationId,
    ...emptyRunFields(),
    source: 'degraded',
  }
}
