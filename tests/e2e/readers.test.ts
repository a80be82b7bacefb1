/** Tests that the readers of an execution and of its results are bounded, and that a slow reader delays no other. */
import { connect } from 'node:net'

import { expect, onTestFinished, test } from 'vitest'

import { ExecutorClient, withFailover } from '@codemode/client'
import { newExecutionId } from '@codemode/shared'

import { api, apiKey, keyOf, startExecutor, writeKeysFile } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

/** Opens a connection that requests events and does not read them. */
function silentReader(path: string): void {
  const { hostname, port } = new URL(suite.executor.url)
  const socket = connect({ host: hostname, port: Number(port) })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {}).pause()
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${apiKey}\r\n\r\n`)
}

/** Adds silent readers until the executor takes no more. */
async function fillReaders(path: string): Promise<void> {
  for (let n = 0; n < 20; n++) silentReader(path)
  await expect
    .poll(async () => {
      const signal = AbortSignal.timeout(1_000)
      const response = await fetch(suite.executor.url + path, {
        headers: { authorization: `Bearer ${apiKey}` },
        signal,
      })
      return response.status === 200 ? response.body!.cancel() : response.status
    })
    .toBe(429)
}

test(
  'an execution has a bounded number of readers; one more is refused, and the record stays readable',
  { tags: ['RT-5'] },
  async () => {
    const execution = await suite.codemode.submit('await sleep(20_000)')
    const path = `/v1/executions/${execution.id}/events`
    await fillReaders(path)
    const refused = await api(suite.executor, path)
    expect(refused.body.error).toMatchObject({ code: 'RATE_LIMITED', details: { limit: 16 }, retryable: true })
    expect(refused.headers.get('retry-after')).not.toBeNull()
    expect(await api(suite.executor, `/v1/executions/${execution.id}`)).toMatchObject({ status: 200 })
    await execution.cancel()
  },
)

const clientOf = ({ url }: { url: string }) =>
  new ExecutorClient({ executorUrl: url, executorApiKey: apiKey, retry: false })

const callTool = () => Promise.reject(new Error('has no tools'))

test(
  'a request that is refused for too many readers does not run on another executor',
  { tags: ['RT-2'] },
  async () => {
    await using other = await startExecutor()
    await using first = clientOf(suite.executor)
    const started = Promise.withResolvers<void>()
    const id = newExecutionId()
    const request = { id, code: 'console.log("runs"); await sleep(20_000)' }
    const running = first.run(request, { callTool, onEvent: () => started.resolve() })
    await started.promise
    const path = `/v1/executions/${id}/events`
    await fillReaders(path)
    await using failover = withFailover([clientOf(suite.executor), clientOf(other)])
    await expect(failover.run(request, { callTool })).rejects.toMatchObject({ code: 'RATE_LIMITED', ambiguous: true })
    expect(await api(other, `/v1/executions/${id}`)).toMatchObject({ status: 404 })
    await first.cancel(id)
    await running
  },
)

/** Returns the nesting depth of a value along element 0. */
function depthOf(value: unknown): number {
  let depth = 0
  for (let each = value; typeof each === 'object' && each !== null; each = (each as unknown[])[0]) depth += 1
  return depth
}

test('every route delivers a result that is nested to the limit', { tags: ['EX-1'] }, async () => {
  const { executor, codemode } = suite
  const code = 'let deep = 1; for (let i = 0; i < 1_000; i++) deep = { 0: deep }; return deep'
  const { status, body } = await api(executor, '/v1/executions', { body: { code } })
  expect(status).toBe(200)
  expect(depthOf(body.result)).toBe(1_000)
  const record = await api(executor, `/v1/executions/${body.executionId}`)
  expect(depthOf(record.body.result)).toBe(1_000)
  expect(await api(executor, `/v1/executions/${body.executionId}/journal`)).toMatchObject({ status: 200 })
  expect(depthOf(await codemode.executeAsync(code))).toBe(1_000)
})

test(
  'a tenant that finishes many executions evicts its own results, not those of another',
  { tags: ['RT-2', 'RT-5'] },
  async () => {
    await using keys = await writeKeysFile({ small: {}, large: {} })
    await using executor = await startExecutor({ ...keys.config, retainBytes: 4 * 1024 * 1024 })
    const run = async (tenant: string, code: string): Promise<string> => {
      const { body } = await api(executor, '/v1/executions', { key: keyOf(tenant), body: { code } })
      return body.executionId
    }
    const mine = await run('small', 'return 1')
    const others: string[] = []
    for (let n = 0; n < 12; n++) others.push(await run('large', `return 'x'.repeat(900_000)`))
    const statusOf = async (tenant: string, id: string) =>
      (await api(executor, `/v1/executions/${id}`, { key: keyOf(tenant) })).status
    expect(await statusOf('small', mine)).toBe(200)
    expect(await statusOf('large', others[0]!)).toBe(404)
    expect(await statusOf('large', others.at(-1)!)).toBe(200)
  },
)
