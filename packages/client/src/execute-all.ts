import type { ClientRun } from './client-run.ts'
import { ConfigurationError } from './errors/configuration-error.ts'
import type { ExecuteOptions } from './execute-options.ts'
import { failureOf, type ExecutionResult } from './execution-result.ts'
import { tell } from './insight/tell.ts'
import { mapLimited } from './map-limited.ts'

/** How many executions of one batch are under way at a time, unless `concurrency` is less. */
const batchLimit = 256

/** How far a batch has come. */
export interface BatchProgress {
  /** How many codes there are; undefined if only the end of the iterable tells. */
  readonly total: number | undefined
  /** How many have been begun. */
  readonly begun: number
  /** How many are over. */
  readonly settled: number
  /** How many of those gave a value. */
  readonly successful: number
  /** How many of those failed, by their code or their request. */
  readonly failed: number
}

/** The options of a batch: those of each of its executions, and these. */
export interface ExecuteAllOptions extends ExecuteOptions {
  /** Is told each time that one is over. What it throws is warned of, and the batch goes on. */
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined
}

/** The codes of a batch; they are read as there is room for them. */
export type Codes = Iterable<string> | AsyncIterable<string>

interface Batch {
  readonly concurrency: number
  readonly onProgress: ((progress: BatchProgress) => void) | undefined
  begin(this: void, code: string): ClientRun
}

/** How each code ended, in their order; a request that failed is a failed result. */
export async function runBatch(codes: Codes, { concurrency, onProgress, begin }: Batch) {
  checkCodes(codes)
  const counts = { begun: 0, settled: 0, successful: 0, failed: 0 }
  const total = Array.isArray(codes) ? codes.length : undefined
  return mapLimited(codes, Math.min(batchLimit, concurrency), async (code): Promise<ExecutionResult> => {
    counts.begun += 1
    const result = await settled(code, begin)
    counts.settled += 1
    counts[result.success ? 'successful' : 'failed'] += 1
    if (onProgress !== undefined) tell('onProgress', onProgress, { total, ...counts })
    return result
  })
}

/** Text is an iterable of strings as well: each of its characters would be run. */
function checkCodes(codes: unknown): void {
  const isList = typeof codes === 'object' && codes !== null
  if (isList && (Symbol.iterator in codes || Symbol.asyncIterator in codes)) return
  const given = codes === null ? 'null' : typeof codes
  throw new ConfigurationError(
    `executeAll takes a list of codes, or another iterable of them: this is ${given}.`,
    "codemode.executeAll(['return 2 + 2', 'return 3 * 3'])",
  )
}

async function settled(code: string, begin: Batch['begin']): Promise<ExecutionResult> {
  let run: ClientRun | undefined
  try {
    run = begin(code)
    return await run.result
  } catch (error) {
    const { id = '', correlationId = '' } = run?.execution ?? {}
    return failureOf(error, { executionId: id, correlationId })
  }
}
