/**
 * Tests an agent without a server, a network or waiting. `MockExecutor` gives the answers that the test sets, and can
 * call the real tools; fake timers skip its latency.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Codemode, MockExecutor } from '@codemode/client'

/** Function under test: asks for a report, and gives up if the execution fails or times out. */
async function report(codemode: Codemode, city: string): Promise<string> {
  const result = await codemode.run<number>('return tools.celsius(input)', { input: { city }, label: 'report' })
  if (result.status === 'paused') return 'no report yet: a tool call waits for an approval'
  return result.success ? `${city}: ${result.result}` : `no report: ${result.error.message}`
}

const tools = { celsius: ({ city }: { city: string }) => (city === 'Oslo' ? -3 : 21) }

void test('it reports the value that the tool returns', async () => {
  const executor = new MockExecutor({
    responses: [{ code: /celsius/, result: ({ input }, callTool) => callTool('celsius', input ?? null) }],
  })
  await using codemode = Codemode.fromClientConfig({ executor, tools })
  assert.equal(await report(codemode, 'Oslo'), 'Oslo: -3')
  assert.deepEqual(
    executor.calls.map(({ request }) => request.label),
    ['report'],
  )
})

void test('it reports the message of the error when the code fails', async () => {
  const error = { name: 'ToolError', message: 'the station is down' }
  await using codemode = Codemode.fromClientConfig({
    executor: new MockExecutor({ responses: [{ code: /celsius/, error }] }),
    tools,
  })
  assert.equal(await report(codemode, 'Rome'), 'no report: the station is down')
})

void test('a slow executor delays the report in fake time only', async ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const executor = new MockExecutor({ defaultResult: 7, latencyMs: 60_000 })
  await using codemode = Codemode.fromClientConfig({ executor, tools, executionTimeoutMs: 120_000 })
  const reported = report(codemode, 'Lima')
  mock.timers.tick(60_000)
  assert.equal(await reported, 'Lima: 7')
})
