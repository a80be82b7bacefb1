import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'
import { keepHandlerErrors } from '../errors/handler-errors.ts'
import { deserializeError } from '../errors/transfer.ts'
import type { ExecutionResult } from '../run/execution-result.ts'
import type { WorkerAnswer, WorkerInput } from './worker-messages.ts'
import type { BlockingJob } from './prepare-job.ts'
import { WorkerThread } from './worker-thread.ts'

/** Milliseconds beyond the request timeout for starting the thread, loading its tools and cancelling. */
const defaultMarginMs = 10_000

/** Runner of code in a worker thread, which is started on first use, while the calling thread blocks. */
export class BlockingRunner {
  readonly #config: WorkerInput['config']
  readonly #marginMs: number
  #thread: WorkerThread | undefined

  constructor(config: WorkerInput['config'], marginMs = defaultMarginMs) {
    this.#config = config
    this.#marginMs = marginMs
  }

  /** Runs a job. Throws the error with which `run` rejects. The next call replaces a thread that ended or timed out. */
  run({ job, correlationId, requestTimeoutMs }: BlockingJob): ExecutionResult {
    if (this.#thread?.hasEnded() !== false) this.#thread = new WorkerThread(this.#config)
    const answer = this.#thread.sendAndWait(job, requestTimeoutMs + this.#marginMs)
    if (answer?.type === 'result') return resultOf(answer)
    if (answer?.type === 'error') throw deserializeError(answer.error)
    void this.close()
    if (answer === undefined) throw noAnswer(requestTimeoutMs, this.#marginMs, correlationId)
    throw new ExecutorClientError(
      'OUTCOME_AMBIGUOUS',
      `The worker thread of execute() exited with code ${answer.exitCode} before it answered; the code may have run.`,
      {
        correlationId,
        ambiguous: true,
        suggestion: 'Tools and the toolsModule must not call process.exit() or leave an error uncaught.',
        ...(answer.error && { cause: deserializeError(answer.error) }),
      },
    )
  }

  async close(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    await thread?.end()
  }
}

function resultOf({ result, handlerErrors }: Extract<WorkerAnswer, { type: 'result' }>): ExecutionResult {
  if (result.success || result.status === 'paused') return result
  const errors = Array.from(handlerErrors, ([callId, serialized]) => [callId, deserializeError(serialized)] as const)
  keepHandlerErrors(result, new Map(errors))
  return result
}

function noAnswer(timeoutMs: number, marginMs: number, correlationId: string): ExecutorTimeoutError {
  return new ExecutorTimeoutError(
    'REQUEST_TIMEOUT',
    `The worker thread of execute() did not answer within requestTimeoutMs (${timeoutMs} ms) plus ${marginMs} ms.`,
    {
      correlationId,
      layer: 'request',
      timeoutMs,
      option: 'requestTimeoutMs',
      ambiguous: true,
      suggestion:
        'Tools and the toolsModule must not block their thread for long. Or use await codemode.executeAsync(code).',
    },
  )
}
