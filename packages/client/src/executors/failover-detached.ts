import type { ExecutionEvent } from '@codemode/shared'

import { hasCertainlyNotRun, isUnavailable } from '../errors/unavailable.ts'
import type { DetachedExecutor, Executor } from '../executor.ts'
import type { ExecutionRoutes } from './execution-routes.ts'

interface FailoverDetachedOptions {
  /** Executors, which are nodes of one store. */
  readonly executors: readonly Executor[]
  /** Executors that ran attached executions. Requests about these go to no other one. */
  readonly routes: ExecutionRoutes
  /** Returns the executors in the order in which a request tries them: ejected ones last. */
  order(this: void): readonly Executor[]
}

type ById = Required<Pick<Executor, 'cancel' | 'events' | 'record' | 'detached'>>

/**
 * Returns the methods of a failover that take the ids of detached executions, which every node knows. A request goes to the
 * next node if one is not available; one that stores an execution, only if it has certainly not been stored.
 */
export function failoverDetached({ executors, routes, order }: FailoverDetachedOptions): Partial<ById> {
  const candidates = (executionId: string): readonly Executor[] => {
    const route = routes.get(executionId)
    return route === undefined ? order() : [route.executor]
  }

  async function* events(
    ...[executionId, options = {}]: Parameters<NonNullable<Executor['events']>>
  ): AsyncGenerator<ExecutionEvent, void> {
    const left = [...candidates(executionId)]
    let { after } = options
    for (let executor = left.shift(); executor !== undefined; executor = left.shift()) {
      try {
        for await (const event of executor.events!(executionId, { ...options, after })) {
          after = event.id
          yield event
        }
        return
      } catch (error) {
        if (left.length === 0 || !isUnavailable(error)) throw error
      }
    }
  }

  const allHave = (part: keyof ById): boolean => executors.every((executor) => executor[part] !== undefined)
  const record: ById['record'] = (id, options) =>
    firstAnswer(candidates(id), isUnavailable, (executor) => executor.record!(id, options))
  const cancel: ById['cancel'] = (id, reason, options) =>
    firstAnswer(candidates(id), isUnavailable, (executor) => executor.cancel!(id, reason, options))
  return {
    ...(allHave('record') && { record }),
    ...(allHave('cancel') && { cancel }),
    ...(allHave('events') && { events }),
    ...(allHave('detached') && { detached: detachedOf(order, candidates) }),
  }
}

function detachedOf(
  order: () => readonly Executor[],
  candidates: (executionId: string) => readonly Executor[],
): DetachedExecutor {
  return {
    list: (query, options) => firstAnswer(order(), isUnavailable, ({ detached }) => detached!.list(query, options)),
    submit: (request, options) =>
      firstAnswer(order(), hasCertainlyNotRun, ({ detached }, canGoElsewhere) =>
        detached!.submit(request, { ...options, canGoElsewhere }),
      ),
    retry: (id, options) =>
      firstAnswer(order(), hasCertainlyNotRun, ({ detached }, canGoElsewhere) =>
        detached!.retry(id, { ...options, canGoElsewhere }),
      ),
    resume: (id, options) => firstAnswer(order(), isUnavailable, ({ detached }) => detached!.resume(id, options)),
    setCallback: (id, options) =>
      firstAnswer(order(), isUnavailable, ({ detached }) => detached!.setCallback(id, options)),
    sendToolResults: (id, request, options) =>
      firstAnswer(candidates(id), isUnavailable, ({ detached }) => detached!.sendToolResults(id, request, options)),
    listApprovals: (query, options) =>
      firstAnswer(order(), isUnavailable, ({ detached }) => detached!.listApprovals(query, options)),
    decide: (call, request, options) =>
      firstAnswer(order(), isUnavailable, ({ detached }) => detached!.decide(call, request, options)),
  }
}

/** Asks one executor after the other until one answers or fails in a way in which no other is to be asked. */
async function firstAnswer<Answer>(
  executors: readonly Executor[],
  goesOn: (error: unknown) => boolean,
  ask: (executor: Executor, canGoElsewhere: boolean) => Promise<Answer>,
): Promise<Answer> {
  for (const [n, executor] of executors.entries()) {
    const isLast = n === executors.length - 1
    try {
      return await ask(executor, !isLast)
    } catch (error) {
      if (isLast || !goesOn(error)) throw error
    }
  }
  throw new Error('The failover has no executors')
}
