/** Executors that are killed and started again, or late: what is known after that, and that nothing runs twice. */
import { newExecutionId } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import { startExecutorProcess } from '../../bench/executor-process.ts'
import { busy } from '../support/busy.ts'
import { api, connect, startExecutor, transports } from '../support/executor.ts'
import { countRuns, methods, startFaulty, threeCalls, usages } from '../support/faulty-ways.ts'
import { freePort } from '../support/free-port.ts'
import { gate } from '../support/gate.ts'
import type { Fault } from '../support/proxy.ts'

const runsOf = countRuns()
const patient = { retry: { maxAttempts: 100, backoffBaseMs: 20, backoffMaxMs: 200 } }
const age = (ms: number) => ({ 'x-codemode-first-sent-ms-ago': String(ms) })

const request = (id: string) => ({ body: { id, code: 'return 1' } })

/** An executor in a process of its own; on that port, if there was one before it. */
const startProcess = (port = '0') =>
  startExecutorProcess({ env: { CODEMODE_PORT: port, CODEMODE_SANDBOX_PROCESSES: '1' } })

describe.each(usages)('$method over the $transport transport', ({ transport, method }) => {
  const { config } = transports.find((each) => each.transport === transport)!

  test('RT-2, EX-5: code that ran when its executor was killed does not run again on the next one', async () => {
    await using first = await startProcess()
    const { enter, arrived, signals } = gate()
    await using client = connect(first, { executorApiKey: first.apiKey, ...config, ...patient, tools: { enter } })
    const failure = methods[method](client, 'tools.enter(1)').catch((error: unknown) => error)
    await arrived()
    await first.kill()
    await using second = await startProcess(new URL(first.url).port)
    const error = await failure
    expect(error).toMatchObject({ code: 'OUTCOME_AMBIGUOUS', ambiguous: true, retryable: false })
    expect(signals).toHaveLength(1)
    const { executionId } = error as { executionId: string }
    expect(await api(second, `/v1/executions/${executionId}`, { key: second.apiKey })).toMatchObject({ status: 404 })
    expect(await methods[method](client, 'return 2')).toMatchObject({ success: true, result: 2 })
  })

  test('RT-2: an executor that was started since the request was sent can not tell, and does not run it', async () => {
    await using first = await startExecutor({ sandboxProcesses: 1 })
    const target = { url: first.url }
    const attempts: Fault[] = ['reset when sent']
    const create = (): Fault => attempts.shift() ?? (target.url === first.url ? busy(503) : 'pass')
    await using faulty = await startFaulty(target, transport, { create }, patient)
    const failure = methods[method](faulty.client, threeCalls).catch((error: unknown) => error)
    await expect.poll(() => faulty.requests('create').length).toBeGreaterThan(1)
    await using second = await startExecutor({ sandboxProcesses: 1 })
    target.url = second.url
    const error = await failure
    expect(error).toMatchObject({ code: 'OUTCOME_AMBIGUOUS', cause: { code: 'NOT_FOUND', httpStatus: 404 } })
    await first.close({ drainMs: 0 })
    const { executionId } = error as { executionId: string }
    expect(runsOf(executionId)).toBe(1)
    expect(new Set(faulty.calls).size).toBe(faulty.calls.length)
  })

  test('RT-1, RT-2: an executor that is not up yet is tried again until it is, and runs the code once', async () => {
    const port = await freePort()
    const calls: string[] = []
    const count = (input: unknown, { callId }: { callId: string }) => {
      calls.push(callId)
      return input
    }
    await using client = connect({ url: `http://127.0.0.1:${port}` }, { ...config, ...patient, tools: { count } })
    const value = methods[method](client, threeCalls)
    await using _late = await startExecutor({ port, sandboxProcesses: 1 })
    const { executionId, ...result } = await value
    expect(result).toMatchObject({ success: true, result: [1, 2, 3] })
    expect(calls.toSorted()).toEqual([1, 2, 3].map((number) => `${executionId}:${number}`))
    await expect.poll(() => runsOf(executionId)).toBe(1)
  })
})

describe('a repeat of a request', () => {
  test('RT-2: whose id is unknown runs if the executor goes back far enough, and is a 404 that says so otherwise', async () => {
    await using executor = await startExecutor({ sandboxProcesses: 1 })
    const [older, younger] = [newExecutionId(), newExecutionId()]
    const refused = await api(executor, '/v1/executions', { ...request(older), headers: age(3_600_000) })
    expect(refused).toMatchObject({
      status: 404,
      body: { error: { code: 'NOT_FOUND', retryable: false, executionId: older } },
    })
    expect(refused.body.error.message).toContain("can't tell whether its code has run")
    expect(await api(executor, '/v1/executions', { ...request(younger), headers: age(0) })).toMatchObject({
      status: 200,
    })
    // What is known is attached to, however old.
    expect(await api(executor, '/v1/executions', { ...request(younger), headers: age(3_600_000) })).toMatchObject({
      status: 200,
      body: { result: 1 },
    })
    expect([runsOf(older), runsOf(younger)]).toEqual([0, 1])
  })

  test('RT-2: does not run the code again when the executor has forgotten that it ended', async () => {
    await using executor = await startExecutor({ sandboxProcesses: 1, retainMs: 20 })
    const sentAt = performance.now()
    const id = newExecutionId()
    const repeat = () =>
      api(executor, '/v1/executions', {
        body: { id, code: 'return 1' },
        headers: age(Math.ceil(performance.now() - sentAt)),
      })
    expect((await api(executor, '/v1/executions', { body: { id, code: 'return 1' } })).status).toBe(200)
    await expect.poll(async () => (await api(executor, `/v1/executions/${id}`)).status).toBe(404)
    expect(await repeat()).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })
    expect(runsOf(id)).toBe(1)
  })
})
