import { Codemode, type ClientConfig } from '@codemode/client'

import type { ExecutorProcess } from '@codemode/testkit'

/** One scene of the demo. `play` prints it, and throws if its outcome is not the expected one. */
export interface Scene {
  readonly title: string
  play(executor: ExecutorProcess): Promise<void>
}

/** Returns a client of the executor. */
export function connect(executor: ExecutorProcess, config: Partial<ClientConfig> = {}): Codemode {
  return Codemode.fromClientConfig({ executorUrl: executor.url, executorApiKey: executor.apiKey, ...config })
}

/** Returns the JSON body of a GET request to the executor's HTTP API. */
export async function get<T>(executor: ExecutorProcess, path: string): Promise<T> {
  const response = await fetch(`${executor.url}${path}`, { headers: { authorization: `Bearer ${executor.apiKey}` } })
  if (!response.ok) throw new Error(`GET ${path} answered ${response.status}`)
  return (await response.json()) as T
}
