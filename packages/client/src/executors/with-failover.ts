import { z } from 'zod'

import { milliseconds } from '../config/schema.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import type { Executor } from '../executor.ts'
import { ExecutionRoutes } from './execution-routes.ts'
import { failoverDetached } from './failover-detached.ts'
import { FailoverMember } from './failover-member.ts'
import { withIds } from './with-ids.ts'
import { forwardMethods } from './forward-methods.ts'
import { timeLeft } from './time-left.ts'
import { hasCertainlyNotRun, isRefusal } from '../errors/unavailable.ts'
import { checkExecutors, kindOf, parseWrapperOptions } from './wrapper-options.ts'

const correctCall = `withFailover([
  new ExecutorClient({ executorUrl: 'http://a.example:8001', executorApiKey }),
  new ExecutorClient({ executorUrl: 'http://b.example:8001', executorApiKey }),
], { probeIntervalMs: 1_000 })`

const optionsSchema = z.strictObject({
  /** Milliseconds between two probes of an ejected executor; 1,000 by default. */
  probeIntervalMs: milliseconds.default(1_000),
})

/** Options of `withFailover`. */
export type FailoverOptions = z.input<typeof optionsSchema>

/**
 * Returns one executor that distributes executions over several, each for one URL. An execution goes to the one with
 * the fewest under way in this process. One that can't be reached, breaks the connection, hangs or refuses (429, 503)
 * is ejected until `isReady`, which is called every `probeIntervalMs`, resolves with true. If all are ejected, they are
 * tried anyway.
 *
 * An execution that has certainly not run goes on to the next executor, with the same id. One that may have run is
 * never repeated: it rejects with its error, which is `ambiguous`. If no executor takes it, it rejects with the code of
 * the last refusal, or `CONNECTION_FAILED`, and all errors as `cause.errors`.
 *
 * For detached executions, the executors must be nodes of one store: requests about them go to any that is available.
 */
export function withFailover(executors: readonly Executor[], options: FailoverOptions = {}): Executor {
  if (!Array.isArray(executors) || executors.length === 0) {
    const given = Array.isArray(executors) ? 'an empty array' : kindOf(executors)
    const problem = `withFailover() needs an array with at least one executor; got ${given}.`
    throw new ConfigurationError(problem, correctCall)
  }
  checkExecutors(executors, correctCall)
  const { probeIntervalMs } = parseWrapperOptions(optionsSchema, options, correctCall)
  const members = executors.map((executor) => new FailoverMember(executor, probeIntervalMs))
  const routes = new ExecutionRoutes()
  const forwarded = forwardMethods(executors as readonly Executor[] as [Executor, ...Executor[]], routes)
  const choose = createChooser(members)
  const order = (): Executor[] => members.toSorted(byAvailability).map(({ executor }) => executor)
  return {
    ...forwarded,
    ...failoverDetached({ executors, routes, order }),
    async run(given, givenOptions) {
      const { request, options } = withIds(given, givenOptions)
      if (options.session !== undefined) {
        // Sessions are in the memory of the first executor.
        const [first] = members
        routes.set(request.id, first!.executor)
        return first!.run(request, options)
      }
      const leftMs = timeLeft(options.requestTimeoutMs)
      const untried = new Set(members)
      const errors: ExecutorClientError[] = []
      for (let member = choose(untried); member !== undefined; member = choose(untried)) {
        untried.delete(member)
        routes.set(request.id, member.executor)
        const canGoElsewhere = options.canGoElsewhere === true || [...untried].some(({ isEjected }) => !isEjected)
        try {
          return await member.run(request, { ...options, requestTimeoutMs: leftMs(), canGoElsewhere })
        } catch (error) {
          if (!hasCertainlyNotRun(error)) throw error
          errors.push(error)
        }
        if (leftMs() === 0) break
      }
      throw noneAccepted(errors)
    },
    async [Symbol.asyncDispose]() {
      for (const member of members) member.close()
      await forwarded[Symbol.asyncDispose]()
    },
  }
}

/** Compares members, of which those in use come first, and then those with fewer executions under way. */
function byAvailability(one: FailoverMember, other: FailoverMember): number {
  return Number(one.isEjected) - Number(other.isEjected) || one.underWay - other.underWay
}

/**
 * Returns a function that chooses the member with the fewest executions under way, in turn among equals; an ejected one
 * only if all are. It returns undefined if there is none to choose from.
 */
function createChooser(members: readonly FailoverMember[]) {
  let nextIndex = 0
  return (candidates: ReadonlySet<FailoverMember>): FailoverMember | undefined => {
    const inOrder = [...members.slice(nextIndex), ...members.slice(0, nextIndex)].filter((member) =>
      candidates.has(member),
    )
    const available = inOrder.filter(({ isEjected }) => !isEjected)
    const chosen = (available.length > 0 ? available : inOrder).reduce<FailoverMember | undefined>(
      (best, member) => (best !== undefined && best.underWay <= member.underWay ? best : member),
      undefined,
    )
    if (chosen !== undefined) nextIndex = (members.indexOf(chosen) + 1) % members.length
    return chosen
  }
}

/**
 * Returns the error for an execution that every executor refused, with the code of the last refusal if there was one.
 */
export function noneAccepted(errors: readonly ExecutorClientError[]): ExecutorClientError {
  const [only] = errors
  if (only !== undefined && errors.length === 1) return only
  const last = errors.findLast(isRefusal) ?? errors.at(-1)!
  const waits = errors.flatMap(({ retryAfterMs }) => retryAfterMs ?? [])
  const causes = errors.map(({ message }) => message).join('; ')
  return new ExecutorClientError(last.code, `None of ${errors.length} executors accepted the execution: ${causes}`, {
    executionId: last.executionId,
    correlationId: last.correlationId,
    retryable: errors.some(({ retryable }) => retryable),
    attempts: errors.reduce((sum, { attempts }) => sum + attempts, 0),
    httpStatus: last.httpStatus,
    retryAfterMs: waits.length > 0 ? Math.min(...waits) : undefined,
    suggestion: last.suggestion,
    cause: new AggregateError(errors, causes),
  })
}
