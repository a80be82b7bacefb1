/**
 * Tests executors that are killed and restarted, or that start late: the outcome is known or ambiguous, and nothing
 * runs twice.
 */
import { newExecutionId } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import {
  api,
  busy,
  connect,
  type Exchange,
  type Fault,
  freePort,
  startExecutor,
  startExecutorProcess,
  toolLatch,
  transports,
} from '@codemode/testkit'
import { countRuns, methods, startFaulty, threeCalls, usages } from '../support/faulty-client.ts'

const runsOf = countRuns()
const patient = { retry: { maxAttempts: 100, backoffBaseMs: 20, backoffMaxMs: 1_000 } }

/** Returns the reading of an executor's clock as the request header that names it. */
async function knownOf(executor: { readonly url: string }): Promise<{ 'x-codemode-known': string }> {
  const { headers } = await api(executor, '/livez')
  return { 'x-codemode-known': `${headers.get('x-codemode-instance')}=${headers.get('x-codemode-clock')}` }
}

const request = (id: string) => ({ body: { id, code: 'return 1' } })

/** Starts an executor in a process of its own, on the port of its predecessor if one is given. */
const startProcess = async (port?: string) =>
  startExecutorProcess({ env: { CODEMODE_PORT: port ?? String(await freePort()), CODEMODE_SANDBOX_PROCESSES: '1' } })

describe.each(usages)('$method over the $transport transport', ({ transport, method }) => {
  const { config } = transports.find((each) => each.transport === transport)!

  test(
    'code that ran when its executor was killed does not run again on the next one',
    { tags: ['RT-2', 'EX-5'] },
    async () => {
      await using first = await startProcess()
      const { enter, arrived, signals } = toolLatch()
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
    },
  )

  test(
    'an executor that started after the request was sent refuses the request as ambiguous and does not run it',
    { tags: ['RT-2'] },
    async () => {
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
      expect(error).toMatchObject({ code: 'OUTCOME_AMBIGUOUS', cause: { code: 'OUTCOME_AMBIGUOUS', httpStatus: 409 } })
      await first.close({ drainMs: 0 })
      const { executionId } = error as { executionId: string }
      expect(runsOf(executionId)).toBe(1)
      expect(new Set(faulty.calls).size).toBe(faulty.calls.length)
    },
  )

  test(
    'a client retries an executor that is starting, and it then runs the code exactly once',
    { tags: ['RT-1', 'RT-2'] },
    async () => {
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
    },
  )
})

describe('a request that names a reading', () => {
  test('runs on the instance of that reading, once, and is refused by others', { tags: ['RT-2'] }, async () => {
    await using executor = await startExecutor({ sandboxProcesses: 1 })
    await using other = await startExecutor({ sandboxProcesses: 1 })
    const [known, foreign] = [await knownOf(executor), await knownOf(other)]
    const [first, second, third] = [newExecutionId(), newExecutionId(), newExecutionId()]
    const send = (id: string, headers: Record<string, string>) =>
      api(executor, '/v1/executions', { ...request(id), headers })
    const cases = [
      { id: second, headers: foreign },
      { id: third, headers: { 'x-codemode-known': 'none' } },
    ]
    for (const { id, headers } of cases) {
      const refused = await send(id, headers)
      expect(refused).toMatchObject({
        status: 409,
        body: { error: { code: 'OUTCOME_AMBIGUOUS', retryable: false, ambiguous: true, executionId: id } },
      })
      expect(refused.body.error.message).toContain('It is unknown whether the code of execution')
      expect(refused.body.error.details.instance).toBe(refused.headers.get('x-codemode-instance'))
    }
    expect(await send(first, known)).toMatchObject({ status: 200 })
    // A request for a known execution attaches to it, whichever reading the request names.
    for (const headers of [known, foreign, { 'x-codemode-known': 'none' }]) {
      expect(await send(first, headers)).toMatchObject({ status: 200, body: { result: 1 } })
    }
    expect([first, second, third].map((id) => runsOf(id))).toEqual([1, 0, 0])
    expect(await send(second, await knownOf(executor))).toMatchObject({ status: 200 })
  })

  test('does not run the code again after the executor has evicted its result', { tags: ['RT-2'] }, async () => {
    await using executor = await startExecutor({ sandboxProcesses: 1, retainMs: 20 })
    const known = await knownOf(executor)
    const id = newExecutionId()
    const send = () => api(executor, '/v1/executions', { ...request(id), headers: known })
    expect((await send()).status).toBe(200)
    await expect.poll(async () => (await api(executor, `/v1/executions/${id}`)).status).toBe(404)
    expect(await send()).toMatchObject({ status: 409, body: { error: { code: 'OUTCOME_AMBIGUOUS' } } })
    expect(runsOf(id)).toBe(1)
  })

  test(
    'is not a first request after the executor has evicted results of others that ended later',
    { tags: ['RT-2'] },
    async () => {
      await using executor = await startExecutor({ sandboxProcesses: 1, retainMs: 20 })
      const known = await knownOf(executor)
      const [other, id] = [newExecutionId(), newExecutionId()]
      expect((await api(executor, '/v1/executions', request(other))).status).toBe(200)
      await expect.poll(async () => (await api(executor, `/v1/executions/${other}`)).status).toBe(404)
      const send = (headers: Record<string, string>) => api(executor, '/v1/executions', { ...request(id), headers })
      expect(await send(known)).toMatchObject({ status: 409 })
      expect(runsOf(id)).toBe(0)
      expect(await send(await knownOf(executor))).toMatchObject({ status: 200 })
    },
  )
})

describe.each(usages.filter(({ transport }) => transport === 'callback'))('$method', ({ method }) => {
  test(
    'code that runs twice, because a gateway drops the reading, gets no answers for other inputs',
    { tags: ['TL-6', 'RT-2'] },
    async () => {
      await using first = await startExecutor({ sandboxProcesses: 1 })
      const target = { url: first.url }
      const second = startExecutor({ sandboxProcesses: 1 })
      const attempts: Fault[] = ['lose the answer']
      const create = ({ headers }: Exchange): Fault => {
        delete headers['x-codemode-known']
        return attempts.shift() ?? (target.url === first.url ? busy(503) : 'pass')
      }
      const paid: unknown[] = []
      const pay = (input: unknown) => {
        paid.push(input)
        return input
      }
      const log = {
        debug: () => {},
        info: () => {},
        warn: () => {},
        error: (message: string) => void logged.push(message),
      }
      const logged: string[] = []
      const config = { ...patient, tools: { pay }, logger: log }
      await using faulty = await startFaulty(target, 'callback', { create }, config)
      const refused: unknown[] = []
      faulty.client.on('tool', ({ tool, error }) => error && refused.push([tool, error.code]))
      const result = methods[method](faulty.client, 'return await tools.pay({ r: Math.random() })')
      await expect.poll(() => faulty.requests('create').length).toBeGreaterThan(1)
      await expect.poll(() => paid).toHaveLength(1)
      await using next = await second
      target.url = next.url
      expect(await result).toMatchObject({ success: false, error: { name: 'ToolError', code: 'GUEST_ERROR' } })
      expect(paid).toHaveLength(1)
      expect(refused).toEqual([['pay', 'TOOL_CALL_CONFLICT']])
      expect(logged).toEqual(['tool call refused'])
    },
  )
})
