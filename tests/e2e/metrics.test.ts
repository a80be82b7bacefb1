import { expect, test } from 'vitest'

import { aborted, api, connect, freePort, startExecutor } from '@codemode/testkit'

import { readMetrics } from '../support/read-metrics.ts'

const tools = { hold: (_: unknown, { signal }: { signal: AbortSignal }) => aborted(signal) }

test('the executions that wait are counted by what they wait for', { tags: ['OP-1'] }, async () => {
  await using executor = await startExecutor()
  await using codemode = connect(executor, { tools })
  const waiting = await Promise.all(
    ['await tools.hold({})', 'await sleep(60_000)', 'await sleep(60_000)'].map((code) => codemode.submit(code)),
  )
  const waitingFor = async (reason: string) =>
    (await readMetrics(executor)).sum('codemode_executions_waiting', { reason })
  await expect.poll(() => waitingFor('timer')).toBe(2)
  await expect.poll(() => waitingFor('tool')).toBe(1)
  await Promise.all(waiting.map((execution) => execution.cancel()))
})

test('a port of its own has the metrics without a key, and nothing else', { tags: ['OP-1'] }, async () => {
  const metricsPort = await freePort()
  await using executor = await startExecutor({ metricsPort })
  const url = `http://127.0.0.1:${metricsPort}`
  const response = await fetch(`${url}/metrics`)
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  expect(await response.text()).toContain('codemode_ready 1')
  expect((await fetch(`${url}/v1/info`, { headers: { authorization: `Bearer key` } })).status).toBe(404)
  expect((await api(executor, '/metrics', { key: 'a-key-that-nobody-has' })).status).toBe(401)
})
