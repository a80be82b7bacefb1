import { clientTimeouts, defaultRequestLimits } from '@codemode/shared'
import { variableOf } from '@codemode/shared/internal'

import { resolveRetryPolicy } from '../http/retry-policy.ts'

const { executionTimeoutMs, cpuTimeoutMs, toolTimeoutMs, queueTimeoutMs, memoryLimitMb, maxToolCalls } =
  defaultRequestLimits
const { maxAttempts, maxAttemptsUnreached, backoffBaseMs, backoffMaxMs } = resolveRetryPolicy()
const { connectTimeoutMs, requestMarginMs } = clientTimeouts

/** Options that have a variable: path, meaning with its unit, and default. */
const options: readonly (readonly [path: string, meaning: string, fallback: string])[] = [
  ['executorUrl', 'URL of the executor, without /v1', 'required'],
  ['executorApiKey', 'API key that authenticates the client', 'required'],
  ['toolsModule', 'path or file: URL of a module with tools', 'none'],
  ['toolServer.port', 'port on which the client listens for tool calls; 0 picks a free one', 'none'],
  ['toolServer.host', 'address to listen on', '127.0.0.1'],
  ['toolServer.url', 'URL that the executor calls', 'that address'],
  ['toolServer.secret', 'key that signs the tokens of executions; 32 characters or more', 'random'],
  ['retry', 'false turns retries off', 'true'],
  [
    'retry.maxAttempts',
    'maximum number of attempts',
    `${maxAttempts}, or ${maxAttemptsUnreached} until the executor has answered`,
  ],
  ['retry.backoffBaseMs', 'backoff before the second attempt, in milliseconds', String(backoffBaseMs)],
  ['retry.backoffMaxMs', 'longest backoff, in milliseconds', String(backoffMaxMs)],
  [
    'requestTimeoutMs',
    'time of a whole request, in milliseconds',
    `the sum of execution timeout, queue timeout and ${requestMarginMs}`,
  ],
  ['connectTimeoutMs', 'time for connecting, in milliseconds', String(connectTimeoutMs)],
  ['executionTimeoutMs', 'wall time of an execution, in milliseconds', ofExecutor(executionTimeoutMs)],
  ['cpuTimeoutMs', 'CPU time of the code, in milliseconds', ofExecutor(cpuTimeoutMs)],
  ['toolTimeoutMs', 'time of each tool call, in milliseconds', ofExecutor(toolTimeoutMs)],
  ['queueTimeoutMs', 'time of waiting for admission, in milliseconds', ofExecutor(queueTimeoutMs)],
  ['memoryLimitMb', 'heap of the code, in MiB', ofExecutor(memoryLimitMb)],
  ['maxToolCalls', 'number of tool calls of an execution', ofExecutor(maxToolCalls)],
  ['concurrency', 'maximum number of executions at a time', 'unlimited'],
  ['concurrency.min', 'lower bound of an adaptive limit, in place of CODEMODE_CONCURRENCY', '1'],
  ['concurrency.max', 'upper bound of it; either of the two turns the adaptive limit on', '10'],
  ['rateLimit.requests', 'number of executions that start in one window', 'unlimited'],
  ['rateLimit.perMs', 'length of the window, in milliseconds', 'none'],
  ['maxPending', "number of executions that wait in the client's queue", '10000'],
  ['warningsAsErrors', 'true makes warnings of the code errors', 'false'],
  ['logLevel', 'debug, info, warn, error or silent', 'silent'],
  ['correlationIdPrefix', 'prefix of the correlation ids that the client makes', 'none'],
]

/** Returns a line for each variable of the client: its name, its meaning with the unit, and its default. */
export function variablesText(): string {
  const lines = options.map(([path, meaning, fallback]) => {
    const text = fallback === 'required' ? fallback : `default: ${fallback}`
    return `  ${variableOf(path.split('.')).padEnd(34)}${meaning} (${text})`
  })
  return `${lines.join('\n')}\n`
}

function ofExecutor(value: number): string {
  return `the executor's, ${value}`
}
