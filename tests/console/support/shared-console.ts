import { inject } from 'vitest'

import type { ConsoleData } from '../data/console-data.ts'
import type { ConsoleExecutor } from './console-executor.ts'

/** Executor that all test files share. It ends after the last one of them. */
export interface SharedConsole extends ConsoleExecutor {
  /** Ids of the executions that have a name. */
  readonly data: Omit<ConsoleData, typeof Symbol.asyncDispose>
}

/** Resolves with the shared executor when its data is there. */
export async function sharedConsole(): Promise<SharedConsole> {
  const response = await fetch(inject('sharedConsole'))
  if (!response.ok) throw new Error(await response.text())
  const shared = (await response.json()) as Omit<SharedConsole, typeof Symbol.asyncDispose>
  return { ...shared, [Symbol.asyncDispose]: async () => {} }
}
