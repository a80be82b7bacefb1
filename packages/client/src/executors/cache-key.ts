import { createHash } from 'node:crypto'

import type { ExecutionRequest } from '@codemode/shared'

/**
 * Returns the SHA-256 of everything that determines the value of an execution: its code, input, tool declarations,
 * config and context, and the tools of its view. The order of an object's keys does not matter.
 */
export function cacheKey(
  { code, input, tools = [], config = {}, context = {} }: ExecutionRequest,
  handlers?: object,
): string {
  return hashOf({ code, input, tools, config, context, ...(handlers && { handlers: numberOf(handlers) }) })
}

const numbers = new WeakMap<object, number>()
let count = 0

/** Returns a number that no other object has. */
function numberOf(object: object): number {
  const number = numbers.get(object) ?? ++count
  numbers.set(object, number)
  return number
}

/**
 * Returns a hash of everything that determines the outcome of a run for the callers that join it: the cache key, the
 * limits and the request timeout. `queueTimeoutMs` is left out, because a run that can be joined is already in the
 * queue or past it.
 */
export function runKey(key: string, request: ExecutionRequest, requestTimeoutMs: number | undefined): string {
  const limits = { ...request.limits, queueTimeoutMs: undefined }
  return hashOf({ key, limits, requestTimeoutMs })
}

function hashOf(value: object): string {
  return createHash('sha256').update(JSON.stringify(value, withSortedKeys)).digest('base64url')
}

function withSortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
