/** Detached executions of a node with another guest runtime, on a node that has the current one. */
import type { RunningExecutor } from '@codemode/executor'
import { api, apiKey, connect, startExecutor, startPostgres, type PostgresServer } from '@codemode/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { createExecutor } from '../../packages/executor/src/index.ts'
import { startEngine } from '../../packages/executor/src/start-engine.ts'
import { otherRuntime } from '../support/other-runtime.ts'
import { databaseOf, executorCommand } from '../support/store-command.ts'

/** Code that waits until a client serves its tool call. */
const waits = "console.log('before'); await tools.hold(); console.log('after'); return 1"
const tools = { hold: () => 1 }

let server: PostgresServer
let database: ReturnType<typeof databaseOf>
beforeAll(async () => {
  server = await startPostgres()
  database = databaseOf(server)
})
afterAll(() => server[Symbol.asyncDispose]())

/** Starts a node with another guest runtime. */
async function startOldNode(): Promise<RunningExecutor> {
  const runtime = await otherRuntime()
  return createExecutor(
    { apiKey, port: 0, dev: true, logLevel: 'silent', sandboxProcesses: 1, databaseUrl: server.url, parkAfterMs: 100 },
    { startEngine: (config, dependencies) => startEngine(config, { ...dependencies, runtime }) },
  )
}

/** Runs one execution to its end and another one until it is parked, on a node with another guest runtime. */
async function runOnOldNode(): Promise<{ endedId: string; parkedId: string }> {
  await using old = await startOldNode()
  await using client = connect(old)
  const ended = await client.submit("console.log('hello')", { detached: true })
  await ended.wait()
  const request = { code: waits, tools: [{ name: 'hold' }], detached: true }
  const parkedId = (await api(old, '/v1/executions', { body: request })).body.executionId as string
  await expect.poll(() => database.statusOf(parkedId)).toBe('waiting')
  return { endedId: ended.id, parkedId }
}

test(
  'an execution goes on with the guest runtime that wrote its journal, and a retry has the current one',
  { tags: ['JB-5'] },
  async () => {
    const { endedId, parkedId } = await runOnOldNode()
    await using node = await startExecutor({ databaseUrl: server.url })
    await using client = connect(node, { tools })
    expect(await client.resume(parkedId)).toMatchObject({ success: true, result: 1 })
    const execution = await client.getExecution(parkedId)
    expect((await execution.record()).logs.map(({ text }) => text)).toEqual(['old: before', 'old: after'])
    const ended = await client.getExecution(endedId)
    expect((await ended.record()).logs.map(({ text }) => text)).toEqual(['old: hello'])
    const retried = await ended.retry()
    await retried.wait()
    expect((await retried.record()).logs.map(({ text }) => text)).toEqual(['hello'])
  },
)

test(
  'without that guest runtime it needs attention, as check-waiting says beforehand, and goes on once it is back',
  { tags: ['JB-5'] },
  async () => {
    const { parkedId } = await runOnOldNode()
    const { hash, text } = await otherRuntime()
    const env = { CODEMODE_DATABASE_URL: server.url }
    await database.query('delete from codemode.guest_runtimes where hash = $1', [hash])
    const missing = await executorCommand('check-waiting', env)
    expect(missing).toMatchObject({ exitCode: 1, stderr: '' })
    expect(missing.stdout).toBe(
      `${parkedId}: the guest runtime ${hash} that wrote the journal is neither that of this version nor in the store\n` +
        'Of 1 unfinished executions and durable sessions, 0 would continue and 1 would need attention.\n',
    )

    await using node = await startExecutor({ databaseUrl: server.url })
    await using client = connect(node, { tools })
    const resumed = client.resume(parkedId)
    await expect.poll(() => database.statusOf(parkedId)).toBe('needs_attention')
    const execution = await client.getExecution(parkedId)
    expect((await execution.record()).error).toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
      message: `The guest runtime ${hash} that wrote the journal is neither that of this version nor in the store`,
    })

    await database.query('insert into codemode.guest_runtimes (hash, text) values ($1, $2)', [hash, text])
    const found = await executorCommand('check-waiting', env)
    expect(found).toMatchObject({ exitCode: 0, stderr: '' })
    expect(found.stdout).toContain(
      'Of 1 unfinished executions and durable sessions, 1 would continue and 0 would need attention.',
    )
    expect(await api(node, `/v1/executions/${parkedId}/wake`, { method: 'POST' })).toMatchObject({ status: 202 })
    expect(await resumed).toMatchObject({ success: true, result: 1 })
    expect((await execution.record()).logs.map(({ text: log }) => log)).toEqual(['old: before', 'old: after'])
  },
)
