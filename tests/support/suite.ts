import { afterAll, beforeAll } from 'vitest'

import type { ClientConfig, Codemode } from '@codemode/client'
import type { ExecutorConfigInput, RunningExecutor } from '@codemode/executor'

import { connect, startExecutor } from '@codemode/testkit'

interface SuiteOptions {
  readonly client?: Partial<ClientConfig>
  readonly executor?: ExecutorConfigInput
}

/**
 * Starts an executor and a client for all tests of the calling file or `describe`; they are available inside its tests
 * only.
 */
export function useCodemode(options: SuiteOptions = {}): { executor: RunningExecutor; codemode: Codemode } {
  const suite = {} as { executor: RunningExecutor; codemode: Codemode }
  beforeAll(async () => {
    suite.executor = await startExecutor(options.executor)
    suite.codemode = connect(suite.executor, options.client)
  })
  afterAll(async () => {
    await suite.codemode.close()
    await suite.executor.close({ drainMs: 0 })
  })
  return suite
}
