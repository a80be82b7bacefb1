import { Codemode, type ClientConfig } from '@codemode/client'
import { killIfAlive, sandboxProcesses, startExecutorProcess, type ExecutorProcess } from '@codemode/testkit'

import { processCpuMs } from '../../../packages/executor/src/sandbox/proc.ts'
import { databaseOf } from '../../support/store-command.ts'
import type { ConsoleExecutor } from '../support/console-executor.ts'
import { pollUntil } from '../support/poll-until.ts'
import { readRecorded } from './recorded.ts'

interface NodeOptions {
  readonly executor: ConsoleExecutor
  readonly clientConfig: ClientConfig & { readonly toolServer: object }
}

const takenOver = `
const orders = await tools.orders.list({ customer: 'germain' })
console.log('found', orders.length, 'orders on the first node')
for (let n = 1; n <= 10; n++) {
  await sleep(300)
  console.log('part', n, 'is done')
}
await tools.mail.send({ to: 'germain@example.com', text: 'done' })
return orders.length
`.trim()

/**
 * Starts another node on the database. There, runs an execution whose sandbox processes are killed, and begins a detached one;
 * then kills the node. The executor takes the detached one over.
 */
export async function makeByKilledNode({ executor, clientConfig }: NodeOptions) {
  await using node = await startExecutorProcess({
    env: {
      CODEMODE_DATABASE_URL: executor.databaseUrl,
      CODEMODE_API_KEY: '',
      CODEMODE_API_KEYS_FILE: executor.apiKeysFile,
      CODEMODE_SANDBOX_PROCESSES: '1',
      CODEMODE_LOG_LEVEL: 'silent',
    },
  })
  // The client that made the configuration listens for the calls of this one, too.
  const { url, secret } = clientConfig.toolServer
  await using client = Codemode.fromClientConfig({
    ...clientConfig,
    executorUrl: node.url,
    toolServer: { url, secret },
  })
  const crashed = await makeCrashed(client, node)
  const execution = await client.submit(takenOver, { detached: true, label: 'taken over' })
  await pollUntil(async () => (await execution.record()).logs.length > 1)
  // An attached execution is lost with its node until it is recorded.
  await readRecorded(databaseOf({ url: executor.databaseUrl }), crashed)
  await node.kill()
  await expireHeartbeats(executor)
  return { crashed, takenOver: execution.id }
}

/** Runs code that computes, and kills its sandbox processes until the execution has failed. */
async function makeCrashed(client: Codemode, node: ExecutorProcess): Promise<string> {
  const execution = await client.submit("console.log('computing')\nfor (;;) {}", {
    cpuTimeoutMs: 25_000,
    label: 'crashed',
  })
  const state = { isSettled: false }
  const settled = execution.wait().finally(() => (state.isSettled = true))
  await pollUntil(async () => {
    for (const pid of sandboxProcesses(node.pid)) if (isComputing(pid)) killIfAlive(pid, 'SIGSEGV')
    return state.isSettled
  })
  await settled
  return execution.id
}

/** Returns whether a process has used more CPU time than its start needs, which an endless loop soon exceeds. */
function isComputing(pid: number): boolean {
  return (processCpuMs(pid) ?? 0) > 1_200
}

/** Lets the time pass after which the executions of a dead node are given to another one. */
async function expireHeartbeats(executor: ConsoleExecutor): Promise<void> {
  await databaseOf({ url: executor.databaseUrl }).query(
    "update codemode_jobs.job set heartbeat_on = now() - interval '1 minute' where state = 'active'",
  )
}
