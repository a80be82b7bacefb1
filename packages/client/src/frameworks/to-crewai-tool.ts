import type { Codemode } from '../codemode.ts'
import type { RunCodeToolOptions } from '../prompt/run-code-tool.ts'
import type { CrewaiTool } from './crewai-run-code.ts'

/**
 * Returns the tool by which a model runs code with the tools of a client or view, in the shape of CrewAI's `BaseTool`: the same as
 * `codemode.asCrewaiTool(options)`.
 */
export function toCrewaiTool(codemode: Codemode, options: RunCodeToolOptions = {}): CrewaiTool {
  return codemode.asCrewaiTool(options)
}
