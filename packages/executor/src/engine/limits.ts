import {
  timeoutOptions,
  fixedLimits,
  RequestError,
  type ExecutionRequest,
  type JournalHeader,
  type RequestLimits,
  type TimeoutLayer,
} from '@codemode/shared'

import type { Principal } from './principal.ts'

/** Limits of one execution, all of which the header of its journal carries. */
export type ExecutionLimits = JournalHeader['limits']

/** Pairs of an inner and an outer timeout; a request may not set the inner one longer than the outer one. */
const nestedTimeouts = [
  ['cpu', 'execution'],
  ['tool', 'execution'],
] as const satisfies readonly (readonly [TimeoutLayer, TimeoutLayer])[]

/**
 * Returns the limits of one execution: the request's where it sets them, otherwise the key's. Throws `RequestError` for
 * a limit above the key's maximum, and for an inner timeout that the request itself sets longer than the outer one.
 */
export function resolveLimits(requested: RequestLimits = {}, principal: Principal): ExecutionLimits {
  const limits = { ...principal.defaultLimits, ...fixedLimits }
  for (const name of Object.keys(requested) as (keyof RequestLimits)[]) {
    const value = requested[name]
    if (value === undefined) continue
    const max = principal.maxLimits[name]
    if (value > max) {
      throw new RequestError('INVALID_REQUEST', `limits.${name} is ${value}; the maximum of this API key is ${max}`, {
        details: { path: `limits.${name}`, value, max },
        suggestion: `Set limits.${name} to ${max} or less, or raise maxLimits.${name} of the API key.`,
      })
    }
    limits[name] = value
  }
  for (const [inner, outer] of nestedTimeouts)
    refuseLongerInner(requested, timeoutOptions[inner], timeoutOptions[outer])
  return limits
}

/** Execution timeout of a detached execution that asks for none, in milliseconds. */
const defaultDetachedMs = 3_600_000
/** Life of a detached execution that asks for none, in milliseconds: 7 days. */
export const defaultExpiresAfterMs = 7 * 86_400_000

/**
 * Returns the limits of a detached execution, whose execution timeout counts only the time in which a node runs it, and the
 * milliseconds after which it ends wherever it is. Throws `RequestError` as `resolveLimits` does.
 */
export function resolveDetachedLimits(
  { limits = {}, expiresAfterMs = defaultExpiresAfterMs }: Pick<ExecutionRequest, 'limits' | 'expiresAfterMs'>,
  principal: Principal,
): { limits: ExecutionLimits; expiresAfterMs: number } {
  const max = principal.maxDetachedExecutionMs
  const resolved = resolveLimits(limits, {
    ...principal,
    defaultLimits: { ...principal.defaultLimits, executionTimeoutMs: Math.min(defaultDetachedMs, max) },
    maxLimits: { ...principal.maxLimits, executionTimeoutMs: max },
  })
  return { limits: resolved, expiresAfterMs }
}

function refuseLongerInner(requested: RequestLimits, inner: keyof RequestLimits, outer: keyof RequestLimits): void {
  const [innerMs, outerMs] = [requested[inner], requested[outer]]
  if (innerMs === undefined || outerMs === undefined || innerMs <= outerMs) return
  throw new RequestError(
    'INVALID_REQUEST',
    `limits.${inner} (${innerMs} ms) is longer than limits.${outer} (${outerMs} ms), so it would never expire.`,
    {
      details: { path: `limits.${inner}`, value: innerMs, max: outerMs },
      suggestion: `Set limits.${inner} to ${outerMs} or less, or raise limits.${outer}.`,
    },
  )
}
