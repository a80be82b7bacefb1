import { newSessionId, sessionIdSchema, sessionRequestSchema } from '@codemode/shared'
import { isObject } from '@codemode/shared/internal'
import { z } from 'zod'

import { configError } from '../config/config-error.ts'
import { asCall } from '../config/examples.ts'
import { executeOptionsOrigin } from '../config/layer.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { executeOptionsSchema, parseOptions, requireObject, type ExecuteOptions } from '../run/execute-options.ts'
import type { ToolLike } from '../tools/define.ts'
import { toolRecord } from '../tools/tool-record.ts'

const { durable, label, memoryLimitMb, idleTimeoutMs } = sessionRequestSchema.shape
const { context, config } = executeOptionsSchema.shape

const sessionOptionsSchema = z.strictObject({
  /** Id of the session: `ses_` and a UUID. If the executor has this session, the call attaches to it. A new id by default. */
  id: z.string().refine(isSessionId, 'must be "ses_" and a UUID in lower case').optional(),
  /** Whether the session is stored, so that it outlives client and executor; false by default. */
  durable,
  /** Context in addition to the client's, for all steps: their code reads it as `context`, and tool handlers get it. */
  context,
  /** Value that the code of all steps reads as `config`. */
  config,
  /** Name of the session in lists. */
  label,
  /** Maximum heap of the isolate in MiB; 128 by default. */
  memoryLimitMb,
  /** Milliseconds without a step after which the session expires; 24 hours by default. */
  idleTimeoutMs,
  /** Tools of the steps in addition to those of the client or view, as in `withTools`. They are not kept by the executor. */
  tools: z.custom<Readonly<Record<string, ToolLike>>>(isObject, 'expected an object of tools').optional(),
})

/** Options of a session. Times are in milliseconds. */
export type SessionOptions = z.input<typeof sessionOptionsSchema>

/** Options of one step of a session: those of an execution, without those that its session has. */
export interface StepOptions extends Omit<ExecuteOptions, 'context' | 'config' | 'memoryLimitMb'> {
  /** Whether `addStep` waits for the result of the step; false by default. */
  readonly wait?: boolean | undefined
}

const correctCall = "codemode.session({ context: { user: 'u1' }, label: 'chat' })"

const origin = {
  ...executeOptionsOrigin,
  correct: (fields: Parameters<typeof executeOptionsOrigin.correct>[0]) => asCall('codemode.session', fields),
}

/** Returns the options of a session. Throws a ConfigurationError with the corrected call if they are invalid. */
export function parseSessionOptions(options: SessionOptions): z.output<typeof sessionOptionsSchema> {
  if (!isObject(options)) throw new ConfigurationError('The options of a session must be an object.', correctCall)
  const parsed = sessionOptionsSchema.safeParse(options)
  if (!parsed.success) {
    throw configError(parsed.error.issues, {
      schema: sessionOptionsSchema,
      given: options,
      originAt: () => origin,
    })
  }
  const { tools, ...rest } = parsed.data
  return tools === undefined ? rest : { ...rest, tools: toolRecord(tools, 'codemode.session') }
}

/** Returns the options of a step. Throws a ConfigurationError for one that its session has, and for an invalid one. */
export function parseStepOptions(options: StepOptions): { wait: boolean; execute: ExecuteOptions } {
  requireObject(options)
  const { wait, ...execute }: StepOptions = options
  const name = ['context', 'config', 'memoryLimitMb'].find((option) => Object.hasOwn(execute, option))
  if (name === undefined) return { wait: wait === true, execute: parseOptions(execute) }
  throw new ConfigurationError(
    `The option ${name} belongs to the session, not to a step: all steps have the same one.`,
    `const session = await codemode.session({ ${name}${name === 'memoryLimitMb' ? ': 256' : ''} })\nawait session.run(code)`,
  )
}

function isSessionId(id: string): boolean {
  return sessionIdSchema.safeParse(id).success
}

/** Returns an id that is valid, or a new one if there is none. Throws a ConfigurationError for any other. */
export function sessionIdOf(id: string | undefined): string {
  if (id === undefined) return newSessionId()
  return parseSessionOptions({ id }).id!
}
