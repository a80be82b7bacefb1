import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'
import { keepHandlerErrors } from '../errors/handler-errors.ts'
import { receiveError } from '../errors/transfer.ts'
import type { ExecutionResult } from '../run/execution-result.ts'
import type { Answer, ThreadData } from './messages.ts'
import type { BlockingJob } from './prepare-job.ts'
import { Thread } from './thread.ts'

/** Milliseconds beyond the request timeout for starting the thread, loading its tools and cancelling. */
const defaultMarginMs = 10_000

/** Runner of code in a worker thread, which is started on first use, while the calling thread blocks. */
export class BlockingRunner {
  readonly #config: ThreadData['config']
  readonly #marginMs: number
  #thread: Thread | undefined

  constructor(config: ThreadData['config'], marginMs = defaultMarginMs) {
    this.#config = config
    this.#marginMs = marginMs
  }

  /** Runs a job. Throws the error with which `run` rejects. The next call replaces a thread that ended or timed out. */
  run({ job, correlationId, requestTimeoutMs }: BlockingJob): ExecutionResult {
    if (this.#thread?.hasEnded() !== false) this.#thread = new Thread(this.#config)
    const answer = this.#thread.ask(job, requestTimeoutMs + this.#marginMs)
    if (answer?.type === 'result') return received(answer)
    if (answer?.type === 'error') throw receiveError(answer.error)
    void this.close()
    if (answer === undefined) throw noAnswer(requestTimeoutMs, this.#marginMs, correlationId)
    throw new ExecutorClientError(
      'OUTCOME_AMBIGUOUS',
      `The thread of execute() ended (exit code ${answer.exitCode}) before it had an answer; the code may have run.`,
      {
        correlationId,
        ambiguous: true,
        suggestion: 'Let no tool and no toolsModule call process.exit() or throw where nobody catches it.',
        ...(answer.error && { cause: receiveError(answer.error) }),
      },
    )
  }

  async close(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    await thread?.end()
  }
}

function received({ result, handlerErrors }: Extract<Answer, { type: 'result' }>): ExecutionResult {
  if (result.success) return result
  const errors = Array.from(handlerErrors, ([callId, crossing]) => [callId, receiveError(crossing)] as const)
  keepHandlerErrors(result, new Map(errors))
  return result
}

function noAnswer(timeoutMs: number, marginMs: number, correlationId: string): ExecutorTimeoutError {
  return new ExecutorTimeoutError(
    'REQUEST_TIMEOUT',
    `The thread of execute() did not answer within requestTimeoutMs (${timeoutMs} ms) and ${marginMs} ms more.`,
    {
      correlationId,
      layer: 'request',
      timeoutMs,
      option: 'requestTimeoutMs',
      ambiguous: true,
      suggestion: 'Let no tool and no toolsModule compute for long, or use await codemode.executeAsync(code).',
    },
  )
}
