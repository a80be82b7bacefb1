import { executionIdSchema, sessionIdSchema } from '@codemode/shared'
import { z } from 'zod'

import type { Codemode } from '../../codemode.ts'
import type { ExecuteOptions } from '../../run/execute-options.ts'
import type { ExecutionResult } from '../../run/execution-result.ts'
import { askedExecution, askUser, canAskUser, decideAsAnswered } from './ask-user.ts'
import { publicError } from './public-error.ts'
import type { McpCallContext, McpInputRequired, McpServerLike, McpToolResult, RequestStateCodec } from './sdk-shapes.ts'
import { newSession, runStep } from './session-step.ts'
import { errorResult, toolResult, unfinishedResult } from './tool-result.ts'
import { pausedResult, waitForExecution } from './wait-for-execution.ts'

/** Options of the tools of an MCP server. */
export interface McpToolsOptions {
  /** Maximum length of the text for the model in characters; 20,000 by default. */
  readonly maxChars?: number | undefined
  /**
   * Milliseconds that `resume_execution` waits for the end of an execution; 45,000 by default, because many MCP clients give up
   * after 60 s.
   */
  readonly waitMs?: number | undefined
  /** Options of each execution, such as `availableTools` and timeouts. */
  readonly execution?:
    | Omit<ExecuteOptions, 'signal' | 'correlationId' | 'context' | 'config' | 'memoryLimitMb'>
    | undefined
  /**
   * Codec that signs the state of a call, with which the server was created as well (`requestState`). With it, the user of an
   * MCP client that offers elicitation is asked about calls that need an approval, and the API key needs the right `approve`.
   * Without it, such a call is a normal result for the model, and a person decides elsewhere.
   */
  readonly elicitation?: RequestStateCodec | undefined
  /** Called with each error of which the MCP client gets only a sentence. */
  readonly onError?: ((error: unknown) => void) | undefined
}

const executionId = z
  .string()
  .refine((id) => executionIdSchema.safeParse(id).success, 'must be the id of an execution: exe_ and a UUID')
  .describe('Id of the execution, as in the result of run_code: exe_…')

const inputs = {
  run_code: z.object({
    code: z.string().describe('JavaScript or TypeScript program'),
    sessionId: z
      .string()
      .refine(
        (id) => id === newSession || sessionIdSchema.safeParse(id).success,
        `must be "${newSession}" or the id of a session: ses_ and a UUID`,
      )
      .optional()
      .describe(
        `Omit it for code that stands alone. "${newSession}" starts a session, whose variables stay; the result has its id, with which later code goes on.`,
      ),
  }),
  get_execution: z.object({ executionId }),
  resume_execution: z.object({ executionId }),
}

const runs = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true }
const reads = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false }

/**
 * Adds the tools `run_code`, `get_execution` and `resume_execution` to an MCP server, for the tools of a client or view. None of
 * them decides about approvals. A cancelled request cancels the code that it runs.
 */
export function registerMcpTools(server: McpServerLike, codemode: Codemode, options: McpToolsOptions = {}): void {
  const { waitMs = 45_000, maxChars, execution: limits, elicitation, onError } = options

  async function answer(
    result: ExecutionResult,
    context: McpCallContext,
    sessionId?: string,
  ): Promise<McpToolResult | McpInputRequired> {
    if (result.status === 'paused' && elicitation !== undefined && canAskUser(server, context)) {
      return askUser(result, elicitation, context)
    }
    return toolResult(result, { maxChars, sessionId })
  }

  async function waitFor(id: string, context: McpCallContext): Promise<McpToolResult | McpInputRequired> {
    const execution = await codemode.getExecution(id)
    const result = await waitForExecution(codemode, execution, { signal: context.mcpReq.signal, waitMs })
    return result === undefined ? unfinishedResult(id, execution.status) : answer(result, context)
  }

  /** Goes on with an execution about which the user was asked; resolves with undefined in the first round of a call. */
  async function goOn(context: McpCallContext): Promise<McpToolResult | McpInputRequired | undefined> {
    const asked = askedExecution(context)
    if (asked === undefined) return undefined
    const areDecided = await decideAsAnswered(codemode, asked, context).catch((error: unknown) => {
      // The execution waits as before, so that somebody else can decide.
      onError?.(error)
      return false
    })
    return areDecided ? waitFor(asked.executionId, context) : readExecution(asked.executionId)
  }

  async function readExecution(id: string): Promise<McpToolResult> {
    const execution = await codemode.getExecution(id)
    const result = execution.result ?? (await pausedResult(execution, await execution.record()))
    return result === undefined ? unfinishedResult(id, execution.status) : toolResult(result, { maxChars })
  }

  async function runCode(
    { code, sessionId }: z.infer<typeof inputs.run_code>,
    context: McpCallContext,
  ): Promise<McpToolResult | McpInputRequired> {
    const { signal } = context.mcpReq
    if (sessionId === undefined) return answer(await codemode.run(code, { ...limits, signal }), context)
    const outcome = await runStep(codemode, sessionId, { ...limits, code, signal })
    if (outcome === undefined) return errorResult(unknownSession)
    return answer(outcome.result, context, outcome.sessionId)
  }

  /** Returns a handler whose errors reach the MCP client as one sentence. */
  const guarded =
    <Input>(handler: (input: Input, context: McpCallContext) => Promise<McpToolResult | McpInputRequired>) =>
    async (input: Input, context: McpCallContext): Promise<McpToolResult | McpInputRequired> => {
      try {
        return (await goOn(context)) ?? (await handler(input, context))
      } catch (error) {
        if (!context.mcpReq.signal.aborted) onError?.(error)
        return errorResult(publicError(error))
      }
    }

  server.registerTool(
    'run_code',
    {
      title: 'Run code',
      description: codemode.asTool({ execution: limits }).description,
      inputSchema: inputs.run_code,
      annotations: runs,
    },
    guarded(runCode),
  )
  server.registerTool(
    'get_execution',
    {
      title: 'Read an execution',
      description:
        'Returns the state of an execution of run_code: its result, what it waits for, or that it is under way.',
      inputSchema: inputs.get_execution,
      annotations: reads,
    },
    guarded(({ executionId: id }) => readExecution(id)),
  )
  server.registerTool(
    'resume_execution',
    {
      title: 'Resume an execution',
      description:
        'Continues an execution that waited for an approval, when a person has decided, and returns its result. Does not decide.',
      inputSchema: inputs.resume_execution,
      annotations: runs,
    },
    guarded(({ executionId: id }, context) => waitFor(id, context)),
  )
}

const unknownSession =
  'SESSION_EXPIRED: run_code has no session with this id, so the code was not run. The session has ended, or it is a durable one, ' +
  'which run_code does not use. ' +
  `Use the sessionId "${newSession}" for another session, and define in it what the code needs.`
