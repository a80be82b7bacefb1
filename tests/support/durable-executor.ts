import type { ExecutorConfigInput, RunningExecutor } from '@codemode/executor'
import { apiKey, reuseIsolates } from '@codemode/testkit'

import { createExecutor } from '../../packages/executor/src/index.ts'
import { startEngine } from '../../packages/executor/src/start-engine.ts'
import { CallContinues, type CreateCallbackTransport } from '../../packages/executor/src/tools/transport.ts'
import type { TestStore } from './test-stores.ts'

/** Executor that shares a store with other ones. */
export interface DurableExecutor extends RunningExecutor {
  /** Name of the node, as the entries of journals have it. */
  readonly node: string
  /**
   * Ends this node as SIGKILL does: its connections break, it tells no tool server and no store, and another node takes its
   * executions over.
   */
  kill(): Promise<void>
}

/** Starts a node: a real executor with real sandbox processes on a free port, and with a store. */
export async function startDurableExecutor(
  testStore: TestStore,
  config: ExecutorConfigInput = {},
): Promise<DurableExecutor> {
  const store = await testStore.connect()
  const dead = new AbortController()
  let node = ''
  const start: typeof startEngine = async (resolved, { logger, observer, callbackTransport }) => {
    const started = await startEngine(resolved, {
      logger,
      observer,
      callbackTransport: mortal(callbackTransport, dead.signal),
      store,
    })
    node = started.engine.reading().instance
    return started
  }
  const base = {
    apiKey,
    port: 0,
    dev: true,
    logLevel: 'silent',
    sandboxProcesses: 1,
    parkAfterMs: 200,
    reuseIsolates,
  } as const
  const executor = await createExecutor({ ...base, ...config }, { startEngine: start })
  return {
    ...executor,
    node,
    async kill() {
      dead.abort(new CallContinues())
      testStore.kill(node)
      await executor.close({ drainMs: 0 })
    },
    [Symbol.asyncDispose]: () => executor.close({ drainMs: 0 }),
  }
}

/** Returns transports whose connections break when the node dies, and which bring no answers afterwards. */
function mortal(create: CreateCallbackTransport, dead: AbortSignal): CreateCallbackTransport {
  return (target) => {
    const transport = create(target)
    return {
      async call(outgoing, signal) {
        const answer = await transport.call(outgoing, AbortSignal.any([signal, dead]))
        return dead.aborted ? new Promise(() => {}) : answer
      },
    }
  }
}
