import { z } from 'zod'

import { randomHex } from './random-hex.ts'

const executionIdPattern = /^exe_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Execution id: `exe_` and a UUID. The client makes it, and it is the execution's idempotency key. */
export const executionIdSchema = z
  .string()
  .regex(executionIdPattern, 'must be "exe_" and a UUID in lower case')
  .meta({ description: 'Id of an execution, which is also its idempotency key', example: newExecutionId(0) })

/** Session id: `ses_` and a UUID. */
export const sessionIdSchema = z
  .string()
  .regex(
    /^ses_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    'must be "ses_" and a UUID in lower case',
  )
  .meta({ description: 'Id of a session', example: newSessionId(0) })

/** Correlation id: 16 to 128 ASCII characters without quotes, commas or blanks, safe in headers and logs. */
export const correlationIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9._:\-/]{16,128}$/, 'must be 16 to 128 characters of A-Z a-z 0-9 . _ : - /')

/** Returns a new execution id: `exe_` and a UUIDv7 (RFC 9562), so that ids sort by the time of their creation. */
export function newExecutionId(now: number = Date.now()): string {
  return `exe_${uuidv7(now)}`
}

/** Returns a new session id: `ses_` and a UUIDv7 (RFC 9562). */
export function newSessionId(now: number = Date.now()): string {
  return `ses_${uuidv7(now)}`
}

/** Returns a new correlation id: a prefix, `cor` by default, and 96 random bits in hexadecimal. */
export function newCorrelationId(prefix = 'cor'): string {
  return `${prefix}_${randomHex(12)}`
}

/** Returns the id of the n-th tool call of an execution, n from 1. */
export function callIdOf(executionId: string, n: number): string {
  return `${executionId}:${n}`
}

/** Returns the number of a tool call within its execution; undefined if the id is not of that execution. */
export function callNumberOf(executionId: string, callId: string): number | undefined {
  const prefix = `${executionId}:`
  if (!callId.startsWith(prefix)) return undefined
  const number = callId.slice(prefix.length)
  return /^[1-9]\d{0,8}$/.test(number) ? Number(number) : undefined
}

function uuidv7(now: number): string {
  const time = now.toString(16).padStart(12, '0')
  const random = randomHex(10)
  const variant = (8 + (parseInt(random.charAt(3), 16) % 4)).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`
}
