import type { PlacedMessage, PreparedSource } from '../guest-boundary.ts'
import type { ToolCalls } from './tools.ts'

/** Code that the guest runs: that of an execution, or of the current step of a session. */
export interface CurrentCode {
  source: PreparedSource | undefined
  /** Names of the tools that it may call. */
  tools: readonly string[]
  /** Mistakes that were found in it before it ran. */
  mistakes: readonly PlacedMessage[]
  calls: ToolCalls | undefined
}
