import type { Executor } from '../executor.ts'
import { ExecutionRoutes } from './execution-routes.ts'

/**
 * Returns the methods besides `run` of an executor that wraps others. `cancel`, `events` and `record` exist if all of the
 * others have them, and go to the executor that ran the execution, or to the first if that is not known. Detached
 * executions and sessions are those of the first. It is live, or ready, if any of the others is. Disposing it disposes all of them.
 */
export function forwardMethods(
  executors: readonly [Executor, ...Executor[]],
  routes: ExecutionRoutes = new ExecutionRoutes(),
): Omit<Executor, 'run'> {
  const routeOf = (executionId: string) => routes.get(executionId) ?? { executor: executors[0], executionId }
  const cancel: Executor['cancel'] = async (requestId, reason, options) => {
    const { executor, executionId } = routeOf(requestId)
    await executor.cancel?.(executionId, reason, options)
  }
  const events: NonNullable<Executor['events']> = (requestId, options) => {
    const { executor, executionId } = routeOf(requestId)
    return executor.events!(executionId, options)
  }
  const record: NonNullable<Executor['record']> = (requestId, options) => {
    const { executor, executionId } = routeOf(requestId)
    return executor.record!(executionId, options)
  }
  const [{ detached, sessions }] = executors
  return {
    ...(executors.every((executor) => executor.record !== undefined) && { record }),
    ...(detached && { detached }),
    ...(sessions && { sessions }),
    ...(executors.every((executor) => executor.cancel !== undefined) && { cancel }),
    ...(executors.every((executor) => executor.events !== undefined) && { events }),
    isLive: () => anyAnswersTrue(executors, (executor) => executor.isLive?.()),
    isReady: () => anyAnswersTrue(executors, (executor) => executor.isReady?.()),
    [Symbol.asyncDispose]: () => disposeAll(executors),
  }
}

async function anyAnswersTrue(
  executors: readonly Executor[],
  probe: (executor: Executor) => Promise<boolean> | undefined,
): Promise<boolean> {
  const answers = await Promise.all(executors.map(async (executor) => (await probe(executor)) ?? true))
  return answers.includes(true)
}

async function disposeAll(executors: readonly Executor[]): Promise<void> {
  const disposals = await Promise.allSettled(
    Array.from(new Set(executors), (executor) => executor[Symbol.asyncDispose]()),
  )
  for (const disposal of disposals) if (disposal.status === 'rejected') throw disposal.reason
}
