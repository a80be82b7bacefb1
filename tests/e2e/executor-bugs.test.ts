/** Tests that a bug of the executor ends the execution that met it, and no other. */
import { ExecutionError } from '@codemode/client'
import { api, connect, transports } from '@codemode/testkit'
import { expect, test } from 'vitest'

import { noEffects, startOnHostileSandbox } from '../support/hostile-sandbox.ts'

const bug = new Error('/srv/executor/secret.json: undefined is not a function')

/** Starts an executor that fails on the code `fail` and returns 1 for any other. */
function startWithBug(observer: Parameters<typeof startOnHostileSandbox>[0]['observer']) {
  return startOnHostileSandbox({
    turn(_delivery, { code }) {
      if (code === 'fail') throw bug
      return { type: 'turn', cpuMs: 1, effects: { ...noEffects, end: { ok: true, result: '1' } } }
    },
    ...(observer && { observer }),
  })
}

test.each(transports)(
  'over $transport, a bug in the executor ends the execution with INTERNAL and is reported to the observer',
  { tags: ['EX-8'] },
  async ({ config }) => {
    const failures: unknown[] = []
    await using executor = await startWithBug({ executionFailedByBug: (...failure) => failures.push(failure) })
    await using codemode = connect(executor, config)
    const result = await codemode.run('fail')
    const { executionId, correlationId } = result
    expect(result).toMatchObject({ success: false, error: { code: 'INTERNAL', retryable: false } })
    expect(JSON.stringify(result)).not.toContain('secret')
    expect('error' in result && result.error.message).toContain(correlationId)
    expect(failures).toMatchObject([[bug, { executionId, correlationId }]])
    const record = await api(executor, `/v1/executions/${executionId}`)
    expect(record.body).toMatchObject({ status: 'failed', error: { code: 'INTERNAL' } })
    const journal = await api(executor, `/v1/executions/${executionId}/journal`)
    expect(journal.body.entries).toMatchObject([{ type: 'claim' }, { type: 'end', error: { code: 'INTERNAL' } }])
    const thrown: unknown = await codemode.executeAsync('fail').catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(ExecutionError)
    expect(thrown).toMatchObject({ code: 'INTERNAL', retryable: false })
    expect(await codemode.executeAsync('1')).toBe(1)
  },
)

test('a bug in calling a tool ends the execution while it waits for the call', { tags: ['EX-8'] }, async () => {
  const failures: unknown[] = []
  await using executor = await startOnHostileSandbox({
    turn: () => ({
      type: 'turn',
      cpuMs: 1,
      effects: { ...noEffects, calls: [{ call: 1, tool: 'search', input: '{}' }] },
    }),
    callTool: () => Promise.reject(bug),
    observer: { executionFailedByBug: (error) => failures.push(error) },
  })
  await using codemode = connect(executor, { ...transports[0].config, tools: { search: () => 1 } })
  expect(await codemode.run('await tools.search({})')).toMatchObject({
    success: false,
    error: { code: 'INTERNAL' },
    toolCalls: [{ tool: 'search', status: 'cancelled' }],
  })
  expect(failures).toEqual([bug])
})

test('an observer that throws changes no result', { tags: ['EX-8'] }, async () => {
  await using executor = await startWithBug({
    executionFailedByBug() {
      throw new Error('the log is full')
    },
  })
  await using codemode = connect(executor)
  expect(await codemode.run('fail')).toMatchObject({ success: false, error: { code: 'INTERNAL' } })
  expect(await codemode.executeAsync('1')).toBe(1)
})
