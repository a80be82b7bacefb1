import { LRUCache } from 'lru-cache'

import type { Executor } from '../executor.ts'

/** Where an execution ran, and under which id there. */
interface Route {
  readonly executor: Executor
  readonly executionId: string
}

const maxRoutes = 10_000

/** Which of several executors ran an execution, for the latest 10,000 of them. */
export class ExecutionRoutes {
  readonly #routes = new LRUCache<string, Route>({ max: maxRoutes })

  set(requestId: string, executor: Executor, executionId: string = requestId): void {
    this.#routes.set(requestId, { executor, executionId })
  }

  get(requestId: string): Route | undefined {
    return this.#routes.get(requestId)
  }
}
