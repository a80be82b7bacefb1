/** Tools in the shape of CrewAI's `BaseTool` for code. */
import type { Tool, ToolInput, ToolSchema } from '../tools/define.ts'
import { convertTools, named, notRunnable, refuseSchemaName, type ForeignFunction } from './convert-tools.ts'

/** Tool in the shape of CrewAI's `BaseTool`. */
export interface CrewaiToolLike {
  /** Name of the tool. */
  readonly name?: string | undefined
  /** Description for the model. */
  readonly description?: string | undefined
  /** Standard Schema or JSON Schema of the arguments. */
  readonly argsSchema?: unknown
  /** Handler of the calls. */
  readonly run?: ForeignFunction | undefined
  /** Asynchronous handler, if there is no `run`. */
  readonly _arun?: ForeignFunction | undefined
  /** Synchronous handler, if there is no other. */
  readonly _run?: ForeignFunction | undefined
}

/**
 * Returns tools in the shape of CrewAI's `BaseTool` as tools for code, by names by which it can call them. A handler gets the
 * arguments that its schema returns, and the call as its second argument. Throws a ConfigurationError with the name of a tool
 * that can't be converted, such as one without a handler.
 *
 * @example
 * import { Codemode } from '@codemode/client'
 * import { fromCrewaiTools, type CrewaiToolLike } from '@codemode/client/crewai'
 *
 * async function run(code: string, tools: CrewaiToolLike[]) {
 *   await using codemode = Codemode.fromEnv({ tools: fromCrewaiTools(tools) })
 *   return await codemode.run(code)
 * }
 */
export function fromCrewaiTools(tools: Iterable<CrewaiToolLike>): Record<string, Tool> {
  return convertTools(named(tools), (tool, name) => {
    const handler = tool.run ?? tool._arun ?? tool._run
    if (typeof handler !== 'function') throw notRunnable(name, 'run')
    refuseSchemaName(name, tool, { found: 'args_schema', meant: 'argsSchema' })
    const run = handler.bind(tool) as (input: unknown, call: object) => unknown
    return {
      description: tool.description,
      inputSchema: tool.argsSchema as ToolSchema | undefined,
      execute: (input: ToolInput, call) => run(input, call),
    }
  })
}
