import { executionIdSchema, executionRequestSchema, type Notify } from '@codemode/shared'
import { z } from 'zod'

import { configError } from '../config/config-error.ts'
import { asCall } from '../config/examples.ts'
import { executeOptionsOrigin } from '../config/layer.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { executeOptionsSchema, requireObject, type ExecuteOptions } from './execute-options.ts'
import { executionIdOfKey, idempotencyKeySchema } from './execution-id.ts'

const notAnId = 'must be "exe_" and a UUID in lower case. Pass a key of your own as idempotencyKey'

const submitOptionsSchema = z.strictObject({
  ...executeOptionsSchema.shape,
  /**
   * Whether the execution outlives this client and the executor's process: it is stored, and any client can follow it by its
   * id. Its tools need `toolServer.url` and `toolServer.secret`, or `servedBy: 'resume'`. False by default.
   */
  detached: z.boolean().optional(),
  /**
   * Milliseconds after which a detached execution ends wherever it is, at most 30 days; 7 days by default. Time in which it
   * only waits counts, in contrast to `executionTimeoutMs`.
   */
  expiresAfterMs: executionRequestSchema.shape.expiresAfterMs,
  /**
   * Id of a detached execution; a new one by default. Submitting the same code and options again with the same id resolves
   * with the execution that was stored first.
   */
  id: z.string().refine(isExecutionId, notAnId).optional(),
  /**
   * Key of your own instead of an id, such as an order number: 1 to 255 characters, from which the client derives the id.
   * `getExecution({ idempotencyKey })` finds the execution by it.
   */
  idempotencyKey: idempotencyKeySchema.optional(),
  /**
   * Server of the tools of a detached execution: the tool server (`callback`, the default), or any client that calls
   * `codemode.resume(id)`, for which calls wait.
   */
  servedBy: z.enum(['callback', 'resume']).optional(),
  /**
   * Receiver of notifications about the execution, in the form of Standard Webhooks: its `url`, its `secret` and the `events`
   * (`approval.requested`, `finished`, `needs_attention`). The executor allows the origins of its CODEMODE_NOTIFY_ORIGINS.
   */
  notify: executionRequestSchema.shape.notify,
})

/** Options of an execution that is submitted. Times are in milliseconds. */
export type SubmitOptions = z.input<typeof submitOptionsSchema>

/** Options of a detached execution that attached ones do not have. */
export interface DetachedOptions {
  readonly expiresAfterMs: number | undefined
  readonly id: string | undefined
  readonly idempotencyKey: string | undefined
  readonly servedBy: 'callback' | 'resume'
}

const origin = {
  ...executeOptionsOrigin,
  correct: (fields: Parameters<typeof executeOptionsOrigin.correct>[0]) => asCall('codemode.submit', fields, 'code, '),
}

/**
 * Returns the options of a submission, those of detached executions apart; these are undefined for an attached one. Throws a
 * ConfigurationError with the corrected call if the options are invalid.
 */
export function parseSubmitOptions(options: SubmitOptions): {
  readonly execute: ExecuteOptions
  readonly detached: DetachedOptions | undefined
  readonly notify: Notify | undefined
} {
  requireObject(options)
  const parsed = submitOptionsSchema.safeParse(options)
  if (!parsed.success) {
    throw configError(parsed.error.issues, {
      schema: submitOptionsSchema,
      given: options,
      originAt: () => origin,
    })
  }
  const { detached, expiresAfterMs, id, idempotencyKey, servedBy, notify, ...execute } = parsed.data
  if (id !== undefined && idempotencyKey !== undefined) throw twoNames()
  if (detached === true) {
    refuseOnApproval(execute)
    const executionId = idempotencyKey === undefined ? id : executionIdOfKey(idempotencyKey)
    return {
      execute,
      detached: { expiresAfterMs, id: executionId, idempotencyKey, servedBy: servedBy ?? 'callback' },
      notify,
    }
  }
  const ofDetached = { expiresAfterMs, id, idempotencyKey, servedBy }
  const misplaced = Object.entries(ofDetached).find(([, value]) => value !== undefined)?.[0]
  if (misplaced === undefined) return { execute, detached: undefined, notify }
  throw new ConfigurationError(
    `The option ${misplaced} is for detached executions only.`,
    `codemode.submit(code, { detached: true, ${misplaced}${values[misplaced] ?? ''} })`,
  )
}

/** Values of the options of detached executions, for an example. */
const values: Readonly<Record<string, string>> = { expiresAfterMs: ': 86_400_000', servedBy: ": 'resume'" }

/** Throws a ConfigurationError for a function that decides about approvals: it ends with this process. */
function refuseOnApproval({ onApproval }: ExecuteOptions): void {
  if (onApproval === undefined) return
  throw new ConfigurationError(
    'The option onApproval is for executions that end with this client. The approvals of a detached execution are stored, and ' +
      'decided from any process.',
    'const job = await codemode.submit(code, { detached: true })\n\n// when it waits for an approval:\n' +
      "for await (const approval of job.approvals({ status: 'pending' })) {\n  console.log(approval.tool, approval.input)\n  await codemode.decide(approval, { approve: true })\n}",
  )
}

function twoNames(): ConfigurationError {
  return new ConfigurationError(
    'The options id and idempotencyKey exclude each other: the id of the execution is derived from the key.',
    'codemode.submit(code, { detached: true, idempotencyKey })',
  )
}

function isExecutionId(id: string): boolean {
  return executionIdSchema.safeParse(id).success
}
