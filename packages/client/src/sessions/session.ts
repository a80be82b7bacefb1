import type { ExecutionEvent, Json, SessionRecord } from '@codemode/shared'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { valueOf } from '../errors/error-from-result.ts'
import { callListener } from '../insight/call-listener.ts'
import type { ExecuteOptions } from '../run/execute-options.ts'
import type { Execution } from '../run/execution.ts'
import type { EndedExecution } from '../run/execution-result.ts'
import type { ClientRun, StepOfRun } from '../run/client-run.ts'
import { currentScript } from './current-script.ts'
import { queueStatsOf, type QueueStats } from './queue-stats.ts'
import { noSuchTask, sessionClosed } from './session-errors.ts'
import { sessionEvents } from './session-events.ts'
import { parseStepOptions, type StepOptions } from './session-options.ts'
import { SessionSteps, type AddedStep } from './session-steps.ts'
import { taskStatusOf, type TaskStatus } from './task-status.ts'
import { waitForSteps } from './wait-for-steps.ts'

/** Results and code of a session. */
export interface FinalizedSession {
  /** Results of the steps that this `Session` has added since the last reset and that have ended, in order. */
  readonly results: readonly EndedExecution[]
  /**
   * Code of all steps that the executor has accepted since the last reset, each under a comment with its number. It is a log for
   * people and models, and need not parse as one program.
   */
  readonly currentScript: string
}

/** Options of a fork. */
export interface ForkOptions {
  /** Number of the step after which the state is taken, 0 for none; the last step that has ended by default. */
  readonly atStep?: number | undefined
  /** Id of the new session; a new id by default. */
  readonly id?: string | undefined
  /** Label of the new session; that of this one by default. */
  readonly label?: string | undefined
}

/** Data and functions of the client that a `Session` uses. */
export interface SessionParts {
  readonly sessionId: string
  readonly isNew: boolean
  readonly isDurable: boolean
  startStep(this: void, code: string, options: ExecuteOptions, place: StepStart): ClientRun
  throwsForWarnings(this: void, options: ExecuteOptions): boolean
  record(this: void): Promise<SessionRecord>
  end(this: void): Promise<void>
  reset(this: void): Promise<SessionRecord>
  fork(this: void, options: ForkOptions): Promise<Session>
}

/** Place of a step in its session, and the function that adds it once more. */
export interface StepStart extends Omit<StepOfRun, 'session'> {
  submitAgain(this: void): Promise<Execution>
}

/**
 * Session of an executor: a realm whose variables stay between steps. Steps run one after the other, in the order in which they
 * were added; sessions run in parallel. It lives in the memory of one executor, and ends with it, unless it is durable.
 *
 * @example
 * import { Codemode } from '@codemode/client'
 *
 * await using codemode = Codemode.fromEnv()
 * await using session = await codemode.session()
 * await session.addStep('const prices = [3, 4]')
 * console.log(await session.run<number>('prices[0] + prices[1]'))
 */
export class Session implements AsyncDisposable {
  /** Id of the session, with which `codemode.session({ id })` attaches to it from any process. */
  readonly id: string
  /** Whether the call that made this object has created the session; false if it has attached to an existing one. */
  readonly isNew: boolean
  /** Whether the session is stored: it outlives client and executor, and its steps are detached executions. */
  readonly isDurable: boolean
  readonly #parts: SessionParts
  readonly #steps: SessionSteps
  readonly #listeners = new Set<(task: TaskStatus) => void>()
  /** Call that ended this object; undefined while it takes steps. */
  #ended: 'closed' | 'finalized' | 'detached' | undefined

  /** @internal */
  constructor(parts: SessionParts) {
    this.id = parts.sessionId
    this.isNew = parts.isNew
    this.isDurable = parts.isDurable
    this.#parts = parts
    this.#steps = new SessionSteps(parts)
  }

  /**
   * Adds a step. Steps run in the order of the calls, also when no call is awaited. Resolves at once with the execution, or with
   * `wait: true` with its result when it has ended; a request that failed is a failed result. Rejects with a ConfigurationError
   * for invalid options, and after `close`, `finalize` or disposal. A step is cancelled when its client closes, except in a durable
   * session.
   */
  addStep<T = Json>(code: string, options: StepOptions & { readonly wait: true }): Promise<EndedExecution<T>>
  addStep<T = Json>(code: string, options?: StepOptions & { readonly wait?: false | undefined }): Promise<Execution<T>>
  addStep<T = Json>(code: string, options?: StepOptions): Promise<Execution<T> | EndedExecution<T>>
  async addStep(code: string, options: StepOptions = {}): Promise<Execution | EndedExecution> {
    const { wait, execute } = parseStepOptions(options)
    const { run, settled } = this.#add(code, execute, !wait)
    return wait ? settled : run.execution
  }

  /** Adds a step and resolves with its value. Rejects as `executeAsync`, and with SESSION_EXPIRED if the session has ended. */
  async run<T = Json>(code: string, options: Omit<StepOptions, 'wait'> = {}): Promise<T> {
    const { execute } = parseStepOptions(options)
    const { run } = this.#add(code, execute, false)
    return valueOf((await run.result) as EndedExecution<T>, this.#parts.throwsForWarnings(execute))
  }

  /**
   * Resolves with the result of a step of this object when it has ended; a request that failed is a failed result. Rejects with
   * WAIT_TIMEOUT after `timeoutMs` milliseconds, if given; the step goes on.
   */
  async waitForTask<T = Json>(
    executionId: string,
    { timeoutMs }: { readonly timeoutMs?: number | undefined } = {},
  ): Promise<EndedExecution<T>> {
    const steps = [this.#find(executionId)]
    const [result] = await waitForSteps(steps, { sessionId: this.id, timeoutMs })
    return result as EndedExecution<T>
  }

  /**
   * Resolves with the results of all steps that this object has added since the last reset, in order, failures included. Rejects
   * with WAIT_TIMEOUT if they have not all ended after `timeoutMs` milliseconds, if given; the steps go on.
   */
  async waitForAllTasks({ timeoutMs }: { readonly timeoutMs?: number | undefined } = {}): Promise<EndedExecution[]> {
    return waitForSteps(this.#steps.current, { sessionId: this.id, timeoutMs })
  }

  /** Returns the state of a step of this object. Throws a ConfigurationError for the id of any other execution. */
  getTaskStatus<T = Json>(executionId: string): TaskStatus<T> {
    return taskStatusOf(this.#find(executionId)) as TaskStatus<T>
  }

  /** Returns counts and times of the steps that this object has added since the last reset. */
  getQueueStats(): QueueStats {
    return queueStatsOf(this.#steps.current)
  }

  /**
   * Takes no more steps. Resolves with the results and the code when the steps have ended, or with `waitForPending: false` at
   * once, without those that go on. The session stays at the executor.
   */
  async finalize({
    waitForPending = true,
  }: { readonly waitForPending?: boolean | undefined } = {}): Promise<FinalizedSession> {
    this.#end('finalized')
    const steps = [...this.#steps.current]
    if (waitForPending) await waitForSteps(steps, { sessionId: this.id, timeoutMs: undefined })
    const { stepList } = await this.#parts.record()
    return { results: steps.flatMap(({ ended }) => ended ?? []), currentScript: currentScript(stepList) }
  }

  /** Creates a session with the state that this one had after a step. Neither of the two changes the other. */
  fork(options: ForkOptions = {}): Promise<Session> {
    return this.#parts.fork(options)
  }

  /**
   * Removes the variables and the steps, when the steps so far have ended; steps that are added later start without them. The id
   * and the context stay.
   */
  async reset(): Promise<void> {
    this.#assertOpen()
    await this.#steps.reset(() => this.#parts.reset())
  }

  /** Reads the record of the session: its variables with their kinds, its steps, its context and when it expires. */
  record(): Promise<SessionRecord> {
    return this.#parts.record()
  }

  /**
   * Returns the events of all steps of this object as one stream, from the first step since the last reset on. It ends after the
   * last step when the object is closed, finalized or disposed of. When the signal aborts, the iteration rejects with a
   * CancelledError.
   */
  events({ signal }: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<ExecutionEvent> {
    return sessionEvents(this.#steps, signal)
  }

  /** Adds a listener that is called with each step of this object when it has ended. Returns a function that removes it. */
  on(event: 'settle', listener: (task: TaskStatus) => void): () => void {
    if (event !== 'settle' || typeof listener !== 'function') throw invalidListener(event, listener)
    const call = (task: TaskStatus): void => listener(task)
    this.#listeners.add(call)
    return () => void this.#listeners.delete(call)
  }

  /** Ends the session at the executor: its steps are cancelled, and its variables are gone. Repeating it has no effect. */
  async close(): Promise<void> {
    if (this.#ended === 'closed') return
    this.#end('closed')
    for (const { run, ended } of this.#steps.current) {
      // The end of a durable session cancels the steps that are stored.
      const isStored = this.isDurable && run.state.isAccepted
      if (ended === undefined && run.state.status === 'queued' && !isStored)
        run.execution.cancel('the session was closed').catch(() => {})
    }
    await this.#parts.end()
    await Promise.all(this.#steps.current.map(({ settled }) => settled))
  }

  /** Detaches from the session, which stays at the executor. Steps under way go on until the client closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended === undefined) this.#end('detached')
  }

  #add(code: string, options: ExecuteOptions, hasHandle: boolean): AddedStep {
    this.#assertOpen()
    const submitAgain = async (): Promise<Execution> => this.#add(code, options, true).run.execution
    const step = this.#steps.add(hasHandle, (place) => this.#parts.startStep(code, options, { ...place, submitAgain }))
    void step.settled.then(() => {
      for (const listener of this.#listeners) {
        callListener('A listener of the session event settle', listener, taskStatusOf(step))
      }
    })
    return step
  }

  #find(executionId: string): AddedStep {
    const step = this.#steps.find(executionId)
    if (step === undefined) throw noSuchTask(this.id, executionId)
    return step
  }

  #end(how: 'closed' | 'finalized' | 'detached'): void {
    this.#ended = how
    this.#steps.close()
  }

  #assertOpen(): void {
    if (this.#ended !== undefined) throw sessionClosed(this.id, this.#ended)
  }
}

function invalidListener(event: unknown, listener: unknown): ConfigurationError {
  return new ConfigurationError(
    `on() of a session takes the name of an event (settle) and a function; got ${String(event)} and a value of type ${typeof listener}.`,
    "session.on('settle', ({ executionId, status }) => console.log(executionId, status))",
  )
}
