import { Codemode, type ClientConfig } from '@codemode/client'

import type { ExecutorProcess } from '../../bench/executor-process.ts'

/** One thing to see. `play` prints it, and throws if it went otherwise than it should. */
export interface Scene {
  readonly title: string
  play(executor: ExecutorProcess): Promise<void>
}

/** A client of the executor. */
export function connect(executor: ExecutorProcess, config: Partial<ClientConfig> = {}): Codemode {
  return Codemode.fromClientConfig({ executorUrl: executor.url, executorApiKey: executor.apiKey, ...config })
}

/** What the executor's HTTP API says at a path, as any client would ask it. */
export async function get<T>(executor: ExecutorProcess, path: string): Promise<T> {
  const response = await fetch(`${executor.url}${path}`, { headers: { authorization: `Bearer ${executor.apiKey}` } })
  if (!response.ok) throw new Error(`GET ${path} answered ${response.status}`)
  return (await response.json()) as T
}
