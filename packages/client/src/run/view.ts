import type { Context } from '../tools/define.ts'
import type { ToolRegistry } from '../tools/registry.ts'

/** View of a client: its context, its tools and its share of the queue. */
export interface View {
  readonly context: Context
  /** Tools of the view's executions: those of the client, or a registry that extends them. */
  readonly registry: ToolRegistry
}
