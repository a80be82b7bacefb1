import { Codemode, type ClientConfig } from '@codemode/client'

import { type ExecutorProcess, startExecutorProcess } from '@codemode/testkit'
import type { SharedOptions } from './workload.ts'
import { checkOut, repository, type Revision } from './revision.ts'

type Connect = (options?: Omit<ClientConfig, 'executorUrl' | 'executorApiKey'>) => Codemode

/** Client configuration for each transport of tool calls. */
export const transports = { callback: { toolServer: { port: 0 } }, stream: {} } as const

/** Executor under measurement. */
export interface Subject {
  readonly name: string
  readonly executor: ExecutorProcess
  /** Connects a client, which is closed when the run ends. */
  readonly connect: Connect
  /** Client class that speaks the executor's protocol. */
  readonly Client: typeof Codemode
  /** Path of its repository. */
  readonly root: string
}

/** Starts this tree's executor, and that of the revision to compare with; `stack` stops them. */
export async function startSubjects({ against }: SharedOptions, stack: AsyncDisposableStack): Promise<Subject[]> {
  const subjects = [await start('this', undefined, stack)]
  if (against === undefined) return subjects
  const revision = stack.use(await checkOut(against))
  return [...subjects, await start(revision.name, revision, stack)]
}

async function start(name: string, revision: Revision | undefined, stack: AsyncDisposableStack): Promise<Subject> {
  const executor = stack.use(await startExecutorProcess(revision && { root: revision.root }))
  const config = { executorUrl: executor.url, executorApiKey: executor.apiKey }
  const Client = revision === undefined ? Codemode : await clientFor(revision, config)
  return {
    name,
    executor,
    connect: (options) => stack.use(Client.fromClientConfig({ ...config, ...options })),
    Client,
    root: revision?.root ?? repository,
  }
}

/** Resolves with the current client, or with the revision's own if it speaks another protocol. */
async function clientFor(
  revision: Revision,
  config: { readonly executorUrl: string; readonly executorApiKey: string },
): Promise<typeof Codemode> {
  await using current = Codemode.fromClientConfig({ ...config, retry: false })
  try {
    await current.executeAsync('return 1')
    return Codemode
  } catch {
    return await revision.client()
  }
}
