import { LRUCache } from 'lru-cache'

import type { Executor } from '../executor.ts'

/** Executor on which an execution ran, and its id there. */
interface Route {
  readonly executor: Executor
  readonly executionId: string
}

const maxRoutes = 10_000

/** Table of the executors that ran the latest 10,000 executions, by the ids of their requests. */
export class ExecutionRoutes {
  readonly #routes = new LRUCache<string, Route>({ max: maxRoutes })

  set(requestId: string, executor: Executor, executionId: string = requestId): void {
    this.#routes.set(requestId, { executor, executionId })
  }

  get(requestId: string): Route | undefined {
    return this.#routes.get(requestId)
  }
}
