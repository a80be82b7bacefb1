import { describe, expect, inject, test } from 'vitest'

import type { Codemode, ExecutionResult } from '@codemode/client'
import { newExecutionId, type Approval } from '@codemode/shared'
import { aborted, api, connect, sharedToolServer, startExecutor, toolLatch, transports } from '@codemode/testkit'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { readMetrics, type ReadMetrics } from '../support/read-metrics.ts'
import { openMemoryStore, openPostgresStore } from '../support/test-stores.ts'

/** Number of executions of each kind. */
const rounds = inject('soak') ? 100 : 12
const nodeCount = inject('soak') ? 3 : 2

/** Numbers of things by name, as a client has counted them. */
class Counts extends Map<string, number> {
  add(name: string, count = 1): void {
    this.set(name, (this.get(name) ?? 0) + count)
  }

  /** Counts an execution by its outcome and code, and its tool calls. */
  addResult(result: ExecutionResult): void {
    const code = result.success ? 'none' : result.status === 'paused' ? 'paused' : result.error.code
    this.add(`execution ${code === 'none' ? 'completed' : code === 'CANCELLED' ? 'cancelled' : 'failed'} ${code}`)
    for (const { status, errorCode } of result.toolCalls) this.add(`call ${status} ${errorCode ?? 'none'}`)
  }
}

/** Returns what the metrics say about something that the client has counted by this name. */
function sumOf(name: string, sum: ReadMetrics['sum']): number {
  const [what, outcome, code] = name.split(' ') as [string, string, string]
  if (what === 'refused') return sum('codemode_requests_refused_total', { code: outcome })
  if (what === 'execution') return sum('codemode_executions_total', { outcome, code })
  return sum('codemode_tool_calls_total', { outcome, code: code === 'MADE_UP' ? 'other' : code })
}

/** Runs executions that end in all ways, several at once, and counts them. */
async function runMixed(codemode: Codemode, counts: Counts): Promise<void> {
  const programs = [
    'return 1',
    'return await tools.add({ a: 1 })',
    'return await Promise.all([tools.add({ a: 1 }), tools.add({ a: 2 })])',
    'try { await tools.fail({}) } catch { return 0 }',
    'throw new TypeError("no")',
    'return (',
    'await tools.fail({})',
    'await sleep(5); return input',
    'await new Promise(() => {})',
  ]
  for (let round = 0; round < rounds; round++) {
    const running = programs.map((code) => codemode.run(code, { input: round }))
    const slow = codemode.run('await sleep(60_000)', { executionTimeoutMs: 50 })
    for (const result of await Promise.all([...running, slow])) counts.addResult(result)
    const held = await codemode.submit('await tools.hold({})')
    await expect.poll(() => held.progress.toolCalls).toBe(1)
    await held.cancel()
    counts.add('execution cancelled CANCELLED')
    counts.add('call cancelled none')
  }
}

const tools = {
  add: ({ a }: { a: number }) => a + 1,
  fail: () => {
    throw Object.assign(new Error('no'), { code: 'MADE_UP' })
  },
  hold: (_: unknown, { signal }: { signal: AbortSignal }) => aborted(signal),
}

describe.each(transports)('over the $transport transport', ({ config, transport }) => {
  test('the counters equal what the client has counted', { tags: ['OP-1'] }, async () => {
    await using executor = await startExecutor()
    await using codemode = connect(executor, { ...config, tools })
    const counts = new Counts()
    await runMixed(codemode, counts)
    for (let n = 0; n < rounds; n++) {
      const refused = await api(executor, '/v1/executions', { body: { code: 1 } })
      counts.add(`refused ${refused.body.error.code}`)
      const unknown = await api(executor, '/v1/info', { key: 'a-key-that-nobody-has' })
      counts.add(`refused ${unknown.body.error.code}`)
    }
    // The executor may still end what the client has cancelled.
    await expect.poll(async () => (await readMetrics(executor)).sum('codemode_executions_in_flight')).toBe(0)
    const { sum } = await readMetrics(executor)
    const total = [...counts]
      .filter(([name]) => name.startsWith('execution '))
      .reduce((all, [, count]) => all + count, 0)
    expect(sum('codemode_executions_total')).toBe(total)
    expect(sum('codemode_executions_started_total')).toBe(total)
    for (const clock of ['wall', 'cpu', 'queue', 'wait'])
      expect(sum('codemode_execution_duration_seconds_count', { clock })).toBe(total)
    const counted = [...counts.keys()].map((name) => [name, sumOf(name, sum)])
    expect(counted).toEqual([...counts])
    expect(sum('codemode_executions_waiting')).toBe(0)
    expect(sum('codemode_tool_calls_total', { transport })).toBe(sum('codemode_tool_calls_total'))
    expect(sum('codemode_queue_depth')).toBe(0)
    expect(sum('codemode_ready')).toBe(1)
    expect(sum('codemode_sandbox_processes')).toBeGreaterThan(0)
    expect(sum('codemode_execution_size_bytes_total', { of: 'journal' })).toBeGreaterThan(0)
  })
})

test('detached executions on several nodes are counted once in the sum', { tags: ['OP-1'] }, async () => {
  await using store = await openPostgresStore()
  await using stack = new AsyncDisposableStack()
  const nodes: DurableExecutor[] = []
  for (let n = 0; n < nodeCount; n++) nodes.push(stack.use(await startDurableExecutor(store)))
  await using codemode = connect(nodes[0]!, { tools, toolServer: await sharedToolServer() })
  const codes = [
    'return 1',
    'return await tools.add({ a: 1 })',
    'throw new Error("no")',
    'await sleep(2_000); return 2',
  ]
  const submitted = await Promise.all(
    Array.from({ length: rounds }, () => codes)
      .flat()
      .map((code) => codemode.submit(code, { detached: true })),
  )
  const results = await Promise.all(submitted.map((execution) => execution.wait()))
  const failed = results.filter(({ success }) => !success).length
  expect(failed).toBe(rounds)
  // A node reports an end after the store has it, which may wake the client first.
  await expect.poll(async () => (await readMetrics(...nodes)).sum('codemode_executions_total')).toBe(results.length)
  const { sum } = await readMetrics(...nodes)
  const kind = 'detached'
  expect(sum('codemode_executions_total', { kind, outcome: 'completed', code: 'none' })).toBe(results.length - failed)
  expect(sum('codemode_executions_total', { kind, outcome: 'failed', code: 'GUEST_ERROR' })).toBe(failed)
  expect(sum('codemode_executions_started_total', { kind })).toBe(results.length)
  expect(sum('codemode_tool_calls_total', { transport: 'callback', outcome: 'completed' })).toBe(rounds)
  expect(sum('codemode_executions_parked_total', { reason: 'timer' })).toBeGreaterThan(0)
  expect(sum('codemode_executions_taken_over_total')).toBe(0)
  expect(sum('codemode_store_call_duration_seconds_count', { operation: 'create', outcome: 'completed' })).toBe(
    results.length,
  )
})

test(
  'an execution that another node takes over is counted once, by the node that ends it',
  { tags: ['OP-1'] },
  async () => {
    await using store = openMemoryStore()
    await using first = await startDurableExecutor(store)
    const latch = toolLatch()
    await using codemode = connect(first, { tools: { wait: latch.enter }, toolServer: await sharedToolServer() })
    const { id } = await codemode.submit('return await tools.wait(1)', { detached: true })
    await latch.arrived()
    await using second = await startDurableExecutor(store)
    await first.kill()
    latch.open()
    await using other = connect(second)
    expect(await (await other.getExecution(id)).wait()).toMatchObject({ success: true, result: 1 })
    const { sum } = await readMetrics(second)
    expect(sum('codemode_executions_taken_over_total')).toBe(1)
    expect(sum('codemode_executions_total')).toBe(1)
    expect(sum('codemode_executions_started_total')).toBe(0)
    expect(sum('codemode_replays_total')).toBe(1)
  },
)

const pay = (approvalTimeoutMs?: number) => [{ name: 'pay', requiresApproval: 'always', approvalTimeoutMs }]

test(
  'a promoted, a parked, a queued and a repeated execution, and the steps of a session are counted once',
  { tags: ['OP-1'] },
  async () => {
    await using store = openMemoryStore()
    await using node = await startDurableExecutor(store, { maxRunning: 1 })
    const send = async (path: string, body: object) => (await api(node, path, { body })).body
    const read = async (path: string) => (await api(node, path)).body
    const sumOfNode = async (name: string, labels = {}) => (await readMetrics(node)).sum(name, labels)

    const callback = { url: 'http://127.0.0.1:9/', token: 'a-token-that-no-server-checks' }
    const code = 'return await tools.pay(1)'
    const promoted = await send('/v1/executions', { code, callback, tools: pay() })
    const expiring = await send('/v1/executions', { code, callback, tools: pay(2_000) })
    expect([promoted.status, expiring.status]).toEqual(['paused', 'paused'])
    const { items } = await read(`/v1/approvals?executionId=${promoted.executionId}`)
    const { callId, inputHash } = items[0] as Approval
    await send(`/v1/executions/${promoted.executionId}/approvals/${callId}`, {
      decision: 'respond',
      output: 2,
      inputHash,
    })

    const parked = await send('/v1/executions', { code: 'await sleep(60_000)', detached: true })
    await expect.poll(() => sumOfNode('codemode_executions_parked_total', { reason: 'timer' })).toBe(1)
    await send(`/v1/executions/${parked.executionId}/cancel`, {})

    const ids = [newExecutionId(), newExecutionId()]
    const running = send('/v1/executions', { id: ids[0], code: 'await sleep(60_000)' })
    await expect.poll(() => sumOfNode('codemode_executions_waiting')).toBe(1)
    const queued = send('/v1/executions', { id: ids[1], code: 'return 1' })
    await expect.poll(() => sumOfNode('codemode_queue_depth')).toBe(1)
    for (const id of ids.toReversed()) await send(`/v1/executions/${id}/cancel`, {})
    await Promise.all([running, queued])
    await send('/v1/executions', { id: ids[1], code: 'return 1' })

    await using codemode = connect(node)
    const session = await codemode.session()
    await session.run('const a = 1')
    await session.run('return a')
    await expect.poll(() => sumOfNode('codemode_executions_total')).toBe(7)
    const { sum } = await readMetrics(node)
    expect(sum('codemode_executions_started_total', { kind: 'attached' })).toBe(3)
    expect(sum('codemode_executions_started_total', { kind: 'detached' })).toBe(1)
    expect(sum('codemode_executions_started_total', { kind: 'step' })).toBe(2)
    expect(sum('codemode_executions_total', { kind: 'attached', code: 'CANCELLED' })).toBe(2)
    expect(sum('codemode_executions_total', { kind: 'detached', code: 'CANCELLED' })).toBe(1)
    expect(sum('codemode_executions_total', { kind: 'detached', code: 'none' })).toBe(1)
    expect(sum('codemode_executions_total', { kind: 'detached', code: 'GUEST_ERROR' })).toBe(1)
    expect(sum('codemode_executions_total', { kind: 'step', code: 'none' })).toBe(2)
    expect(sum('codemode_executions_parked_total', { reason: 'approval' })).toBe(2)
    expect(sum('codemode_tool_calls_total', { outcome: 'completed' })).toBe(1)
    expect(sum('codemode_tool_calls_total', { outcome: 'failed', code: 'APPROVAL_EXPIRED' })).toBe(1)
    expect(sum('codemode_tool_calls_total')).toBe(2)
    expect(sum('codemode_tool_call_duration_seconds_count')).toBe(0)
    await expect.poll(() => sumOfNode('codemode_executions_in_flight')).toBe(0)
    expect(sum('codemode_executions_taken_over_total')).toBe(0)
  },
)
