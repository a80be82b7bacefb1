import { setImmediate } from 'node:timers/promises'

import type { ClientRun } from './client-run.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import type { ExecuteOptions } from './execute-options.ts'
import { failedResultOf, type ExecutionResult } from './execution-result.ts'
import { callListener } from '../insight/call-listener.ts'
import { mapLimited } from '../async/map-limited.ts'

/** Maximum number of executions of one batch under way at a time, unless `concurrency` is less. */
const batchLimit = 256

/** Progress of a batch. */
export interface BatchProgress {
  /** Number of codes in the array; undefined for another iterable. */
  readonly total: number | undefined
  /** Number of executions that were started. */
  readonly begun: number
  /** Number of executions that have ended or are paused. */
  readonly settled: number
  /** Number of executions that ended with a value. */
  readonly successful: number
  /** Number of executions whose code or request failed. */
  readonly failed: number
  /** Number of executions that wait for approvals at the executor. */
  readonly paused: number
}

/** Options of a batch: those of each of its executions, and `onProgress`. */
export interface ExecuteAllOptions extends ExecuteOptions {
  /** Called each time that an execution has ended. If it throws, a process warning is emitted and the batch goes on. */
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined
}

/** Codes of a batch; each is read when it can start. */
export type Codes = Iterable<string> | AsyncIterable<string>

interface BatchOptions {
  readonly concurrency: number
  readonly onProgress: ((progress: BatchProgress) => void) | undefined
  /** Called to start an execution. */
  start(this: void, code: string): ClientRun
  /** Returns whether no further execution is to be started. */
  isOver(this: void): boolean
}

/** Runs each code. Resolves with the results in the order of the codes; a failed request becomes a failed result. */
export async function runBatch(codes: Codes, { concurrency, onProgress, start, isOver }: BatchOptions) {
  checkCodes(codes)
  const counts = { begun: 0, settled: 0, successful: 0, failed: 0, paused: 0 }
  const total = Array.isArray(codes) ? codes.length : undefined
  const read = total === undefined ? readUntil(isOver, codes) : codes
  return mapLimited(read, Math.min(batchLimit, concurrency), async (code): Promise<ExecutionResult> => {
    counts.begun += 1
    const result = await settled(code, start)
    counts.settled += 1
    counts[result.success ? 'successful' : (result.status ?? 'failed')] += 1
    if (onProgress !== undefined) callListener('onProgress', onProgress, { total, ...counts })
    return result
  })
}

/** Yields codes until the batch is over; the iterable itself may be endless. */
async function* readUntil(isOver: () => boolean, codes: Codes): AsyncGenerator<string, void> {
  for await (const code of codes) {
    if (isOver()) return
    yield code
  }
}

/** Throws a ConfigurationError unless the codes are an iterable object: a string would be iterated by characters. */
function checkCodes(codes: unknown): void {
  const isList = typeof codes === 'object' && codes !== null
  if (isList && (Symbol.iterator in codes || Symbol.asyncIterator in codes)) return
  const type = codes === null ? 'null' : typeof codes
  throw new ConfigurationError(
    `executeAll() takes an array or another iterable of code strings; the value is of type ${type}.`,
    "codemode.executeAll(['return 2 + 2', 'return 3 * 3'])",
  )
}

async function settled(code: string, start: BatchOptions['start']): Promise<ExecutionResult> {
  let run: ClientRun | undefined
  try {
    run = start(code)
    return await run.result
  } catch (error) {
    // When nothing more is sent, a long batch fails without waiting for I/O and would starve the event loop.
    await setImmediate()
    const { id = '', correlationId = '' } = run?.execution ?? {}
    return failedResultOf(error, { executionId: id, correlationId })
  }
}
