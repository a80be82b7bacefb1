import { maxTimerMs } from '@codemode/shared'

import type { ActiveRuns } from './active-runs.ts'
import { clientClosed } from '../errors/cancelled-error.ts'
import type { Executor } from '../executor.ts'
import type { BlockingRunner } from '../sync/blocking-runner.ts'
import type { ClientTools } from '../tools/client-tools.ts'

const defaultDrainMs = 30_000

/** Options for closing a client. */
export interface CloseOptions {
  /** True to wait for the executions under way before the rest is cancelled; false by default. */
  readonly drain?: boolean | undefined
  /** Milliseconds that draining may take; 30,000 by default. */
  readonly timeoutMs?: number | undefined
}

/** Parts of a client that are closed with it. */
interface ClosableParts {
  readonly active: ActiveRuns
  readonly executor: Executor
  readonly tools: ClientTools
  readonly blocking: BlockingRunner | undefined
}

/** Drains or cancels the executions under way, and then closes the executor, the tool server and the worker thread. */
export async function closeParts(
  { active, executor, tools, blocking }: ClosableParts,
  { drain = false, timeoutMs = defaultDrainMs }: CloseOptions,
): Promise<void> {
  const results = active.all.map(({ result }) => result)
  if (drain) await settledWithin(results, timeoutMs)
  for (const run of active.all) run.stop(clientClosed())
  try {
    await executor[Symbol.asyncDispose]()
  } finally {
    await Promise.allSettled(results)
    await tools.server.close()
    await blocking?.close()
  }
}

async function settledWithin(results: readonly Promise<unknown>[], timeoutMs: number): Promise<void> {
  const timedOut = Promise.withResolvers<void>()
  const timer = setTimeout(timedOut.resolve, Math.min(timeoutMs, maxTimerMs))
  await Promise.race([Promise.allSettled(results), timedOut.promise])
  clearTimeout(timer)
}
