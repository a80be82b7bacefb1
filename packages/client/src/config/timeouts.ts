/** Timeouts of an execution, which are nested: request ⊃ {connect, queue, execution}, execution ⊃ {cpu, tool}. */
import type { timeoutOptions } from '@codemode/shared'
import { clientTimeouts, defaultRequestLimits, type RequestLimits } from '@codemode/shared'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { executeOptionsOrigin, type Origin } from './layer.ts'

const outerTimeouts = {
  cpuTimeoutMs: 'executionTimeoutMs',
  toolTimeoutMs: 'executionTimeoutMs',
  executionTimeoutMs: 'requestTimeoutMs',
  queueTimeoutMs: 'requestTimeoutMs',
  connectTimeoutMs: 'requestTimeoutMs',
} as const

type TimeoutOption = (typeof timeoutOptions)['request'] | keyof typeof outerTimeouts
export type Timeouts = { readonly [Name in TimeoutOption]?: number | undefined }

const limitOptions = [
  'cpuTimeoutMs',
  'executionTimeoutMs',
  'toolTimeoutMs',
  'queueTimeoutMs',
  'memoryLimitMb',
  'maxToolCalls',
] as const satisfies readonly (keyof RequestLimits)[]

type LimitOption = (typeof limitOptions)[number]
export type LimitOptions = { readonly [Name in LimitOption]?: number | undefined }

/** Throws a ConfigurationError if an inner timeout is longer than the outer one that was set with it. */
export function checkNesting(timeouts: Timeouts, originOf: (option: string) => Origin): void {
  for (const [inner, outer] of Object.entries(outerTimeouts) as [keyof typeof outerTimeouts, TimeoutOption][]) {
    const innerMs = timeouts[inner]
    const outerMs = timeouts[outer]
    if (innerMs === undefined || outerMs === undefined || innerMs <= outerMs) continue
    const [innerName, outerName] = [inner, outer].map((option) => originOf(option).nameOf([option]))
    throw new ConfigurationError(
      `${innerName} (${innerMs} ms) is longer than ${outerName} (${outerMs} ms), so it would never expire. ` +
        `Set ${inner} to ${outerMs} or less, or raise ${outer}.`,
      originOf(inner).correct([{ path: [inner], value: outerMs }]),
    )
  }
}

/** Origin of the timeouts of one execution. It names bare options, because some may be the client's defaults. */
const origin: Origin = { ...executeOptionsOrigin, nameOf: (path) => path.join('.') }

/** Limits that an execution's request carries, and the time for which the client waits for the request. */
export interface ResolvedTimeouts {
  /** Only limits that were set: for the others the executor's defaults hold. */
  readonly limits: RequestLimits
  readonly requestTimeoutMs: number
}

/**
 * Resolves the timeouts of one execution. Its own options take precedence over the client's; a client's inner timeout
 * is cut to a shorter outer one of the execution; and `requestTimeoutMs` grows with an execution that needs more than
 * the client's default. Throws a ConfigurationError for timeouts that do not nest.
 */
export function resolveTimeouts(
  client: LimitOptions & { readonly requestTimeoutMs?: number | undefined },
  execution: LimitOptions,
): ResolvedTimeouts {
  const limits: { [Name in LimitOption]?: number } = {}
  for (const name of limitOptions) {
    const value = execution[name] ?? client[name]
    if (value !== undefined) limits[name] = value
  }
  for (const inner of ['cpuTimeoutMs', 'toolTimeoutMs'] as const) {
    const cut = Math.min(limits[inner] ?? Infinity, limits.executionTimeoutMs ?? Infinity)
    if (execution[inner] === undefined && limits[inner] !== undefined) limits[inner] = cut
  }
  checkNesting(limits, () => origin)

  const { executionTimeoutMs, queueTimeoutMs } = { ...defaultRequestLimits, ...limits }
  const sufficientMs = executionTimeoutMs + queueTimeoutMs + clientTimeouts.requestMarginMs
  const hasOwnTimeout = execution.executionTimeoutMs !== undefined || execution.queueTimeoutMs !== undefined
  const configured = client.requestTimeoutMs
  if (configured === undefined) return { limits, requestTimeoutMs: sufficientMs }
  return { limits, requestTimeoutMs: hasOwnTimeout ? Math.max(configured, sufficientMs) : configured }
}
