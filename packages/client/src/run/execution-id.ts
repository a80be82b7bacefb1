import { createHash } from 'node:crypto'

import { executionIdSchema, newExecutionId } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'
import { z } from 'zod'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'

/** Schema of a key of the application that stands for one detached execution, such as an order number. */
export const idempotencyKeySchema = z
  .string()
  .refine(({ length }) => length >= 1 && length <= 255, 'must have 1 to 255 characters')

/** Name of an execution: its id, or the key with which it was submitted. */
export type ExecutionName = string | { readonly idempotencyKey: string }

/**
 * Returns the id of the execution with this key, the same in every process: `exe_` and a UUIDv8 (RFC 9562) of the key's
 * SHA-256. The executor keeps the ids of tenants apart.
 */
export function executionIdOfKey(idempotencyKey: string): string {
  const hash = createHash('sha256').update(idempotencyKey).digest()
  hash[6] = 0x80 | (hash[6]! & 0x0f)
  hash[8] = 0x80 | (hash[8]! & 0x3f)
  return `exe_${hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')}`
}

/**
 * Returns the id of the execution with this name. Throws NOT_FOUND for a text that is no id, as an executor would, and a
 * ConfigurationError for a value that is no name.
 */
export function checkExecutionId(name: unknown, callee = 'codemode.getExecution'): string {
  if (typeof name !== 'string') return executionIdOfKey(checkKey(name, callee))
  if (executionIdSchema.safeParse(name).success) return name
  throw new ExecutorClientError(
    'NOT_FOUND',
    `There is no execution ${textHead(name, 64)}: this is no id of an execution`,
    {
      suggestion: 'Pass the field id of an Execution, or { idempotencyKey } with the key of the submission.',
    },
  )
}

/** Adds the key by which a request names an execution to the message of an error about that execution. */
export function aboutKey(error: unknown, name: string | { readonly idempotencyKey: string | undefined }): unknown {
  const key = typeof name === 'string' ? undefined : name.idempotencyKey
  if (key === undefined || !(error instanceof ExecutorClientError) || !codesAboutId.has(error.code)) return error
  const message = `${error.message.replace(/\.$/, '')} (idempotencyKey '${textHead(key, 64)}')`
  const suggestion =
    error.code === 'IDEMPOTENCY_CONFLICT'
      ? 'Use another idempotencyKey for another request; a repeat has the same code and options.'
      : error.suggestion
  return Object.assign(error, { message, suggestion })
}

/** Codes of errors about the execution with an id. */
const codesAboutId: ReadonlySet<string> = new Set(['NOT_FOUND', 'IDEMPOTENCY_CONFLICT', 'RESULT_GONE', 'FORBIDDEN'])

function checkKey(name: unknown, callee: string): string {
  const parsed = z.strictObject({ idempotencyKey: idempotencyKeySchema }).safeParse(name)
  if (parsed.success) return parsed.data.idempotencyKey
  throw new ConfigurationError(
    'An execution is named by its id, which is a string, or by { idempotencyKey } with a string of 1 to 255 characters; ' +
      `the value is ${describe(name)}.`,
    `${callee}('${newExecutionId(0)}')`,
  )
}

function describe(name: unknown): string {
  if (name === null || typeof name !== 'object') return name === null ? 'null' : `of type ${typeof name}`
  const { idempotencyKey: key } = name as { readonly idempotencyKey?: unknown }
  if (key === undefined) return Array.isArray(name) ? 'an array' : 'an object without an idempotencyKey'
  if (typeof key !== 'string') return `an object whose idempotencyKey is of type ${typeof key}`
  return `an object whose idempotencyKey has ${key.length} characters`
}
