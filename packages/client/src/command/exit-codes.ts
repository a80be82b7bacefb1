import type { ExecutionResult } from '../run/execution-result.ts'

/** Exit codes of the command `codemode`. */
export const exitCodes = {
  /** The code has a value. */
  completed: 0,
  /** The code failed: it threw, had a syntax error, or exceeded a limit. */
  failed: 1,
  /** The command line, the configuration or the file is wrong, and nothing was run. */
  usage: 2,
  /** The code waits for an approval. */
  paused: 3,
  /** The executor was not reached, refused the request, or its answer did not arrive. */
  request: 4,
} as const

/** Returns the exit code for the result of an execution. */
export function exitCodeOf(result: ExecutionResult): number {
  if (result.success) return exitCodes.completed
  return result.status === 'paused' ? exitCodes.paused : exitCodes.failed
}
