import type { Codemode } from '@codemode/client'

import type { Adapter } from '../adapters/definition.ts'

/** Events of a run of an agent, as its model saw them. */
export interface Conversation {
  /** Texts of the results of `run_code`, in order. */
  readonly results: readonly string[]
  /** Last text of the model. */
  readonly answer: string
}

/** Agent loop of a framework, with a model that sends given programs, one after the other, and then the answer `done`. */
export interface Agent {
  readonly agent: string
  /** Adapter for the framework's own tools. */
  readonly adapter: Adapter
  converse(this: void, codemode: Codemode, programs: readonly string[], signal?: AbortSignal): Promise<Conversation>
}
