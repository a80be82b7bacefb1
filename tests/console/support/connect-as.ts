import { Codemode } from '@codemode/client'
import { longTimeouts, sharedToolServer } from '@codemode/testkit'

import type { ConsoleExecutor, Person } from './console-executor.ts'

/** Returns a client with the key of a person, which serves the tools until it is closed, and its configuration. */
export async function connectAs(executor: Pick<ConsoleExecutor, 'url' | 'keys'>, person: Person, tools: object = {}) {
  const toolServer = await sharedToolServer()
  const config = {
    executorUrl: executor.url,
    executorApiKey: executor.keys[person],
    toolServer,
    tools: { ...tools },
    ...longTimeouts,
  }
  return { client: Codemode.fromClientConfig(config), config }
}
