import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Codemode, type Execution } from '@codemode/client'
import { newExecutionId } from '@codemode/shared'
import { api, connect, startExecutor } from '@codemode/testkit'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { testStores, type TestStore } from '../support/test-stores.ts'

const detached = true
const day = 86_400_000

describe.each(testStores)('over the $store store', ({ open }) => {
  let store: TestStore
  let executor: DurableExecutor

  beforeAll(async () => {
    store = await open()
    executor = await startDurableExecutor(store)
  })
  afterAll(async () => {
    await executor.close({ drainMs: 0 })
    await store[Symbol.asyncDispose]()
  })

  test.each<[object, RegExp]>([
    [{ detached: 'yes' }, /detached/],
    [{ detached, expiresAfterMs: 999 }, /expiresAfterMs/],
    [{ detached, expiresAfterMs: 30 * day + 1 }, /expiresAfterMs/],
    [{ detached, expiresAfterMs: 1_000.5 }, /expiresAfterMs/],
    [{ detached, id: 'job-1' }, /exe_/],
    [{ detached, idempotencyKey: '' }, /idempotencyKey/],
    [{ detached, idempotencyKey: 'x'.repeat(256) }, /idempotencyKey/],
    [{ detached, idempotencyKey: 4711 }, /idempotencyKey/],
    [{ detached, idempotencyKey: 'order 4711', id: newExecutionId() }, /exclude each other/],
    [{ idempotencyKey: 'order 4711' }, /detached: true/],
    [{ detached, label: 'x'.repeat(257) }, /label/],
    [{ detached, expiresAfter: 1_000 }, /expiresAfterMs/],
    [{ expiresAfterMs: 1_000 }, /detached: true/],
    [{ detached: false, id: newExecutionId() }, /detached: true/],
  ])('submit refuses %j, and shows the correction', { tags: ['JB-1'] }, async (options, message) => {
    await using client = connect(executor)
    const refused = client.submit('1', options)
    await expect(refused).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringMatching(message) as string,
    })
    await expect(refused).rejects.toThrow('codemode.submit(code, {')
  })

  test('only submit takes the options of detached executions', { tags: ['JB-1'] }, async () => {
    await using client = connect(executor)
    const options = { detached } as object
    const onlySubmit = /Only submit\(\) takes the option detached/
    await expect(client.executeAsync('1', options)).rejects.toThrow(onlySubmit)
    await expect(client.run('1', options)).rejects.toThrow(onlySubmit)
    await expect(client.executeAll(['1'], options)).rejects.toThrow(onlySubmit)
    expect(() => client.execute('1', options)).toThrow(onlySubmit)
  })

  test(
    'tools need the URL and the secret of a tool server, and the error says what is missing',
    { tags: ['JB-1'] },
    async () => {
      const tools = { one: () => 1 }
      const secret = 's'.repeat(32)
      const configs = [
        [{}, 'needs toolServer.url and toolServer.secret.'],
        [{ toolServer: { port: 0 } }, 'needs toolServer.url and toolServer.secret.'],
        [{ toolServer: { port: 0, secret } }, 'needs toolServer.url.'],
        [{ toolServer: { url: 'https://app.example/tools' } }, 'needs toolServer.secret.'],
      ] as const
      for (const [config, message] of configs) {
        await using client = connect(executor, { tools, ...config })
        const refused = client.submit('1', { detached })
        await expect(refused).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' })
        await expect(refused).rejects.toThrow(message)
        expect(await (await client.submit('1', { detached, availableTools: [] })).wait()).toMatchObject({ result: 1 })
      }
    },
  )

  test.each<[string, (execution: Execution, codemode: Codemode) => unknown, string]>([
    [
      'resume',
      ({ id }, codemode) => codemode.resume(id, { timeout: 1 } as never),
      'There is no option timeout; did you mean timeoutMs?',
    ],
    [
      'resume',
      ({ id }, codemode) => codemode.resume(id, 1_000 as never),
      'The options of resume() must be an object; the value is of type number.',
    ],
    [
      'resume',
      ({ id }, codemode) => codemode.resume(id, { signal: 5 } as never),
      'The option signal is 5; it must be an AbortSignal.',
    ],
    ['resume', (_, codemode) => codemode.resume(undefined as never), 'the value is of type undefined'],
    ['resume', (_, codemode) => codemode.resume({} as never), 'an object without an idempotencyKey'],
    [
      'wait',
      (execution) => execution.wait({ timeout: 100 } as never),
      'There is no option timeout; did you mean timeoutMs?',
    ],
    [
      'wait',
      (execution) => execution.wait(1_000 as never),
      'The options of wait() must be an object; the value is of type number.',
    ],
    [
      'wait',
      (execution) => execution.wait({ timeoutMs: '1s' } as never),
      "The option timeoutMs is '1s'; it must be a number of milliseconds, 0 or more.",
    ],
    [
      'wait',
      (execution) => execution.wait({ timeoutMs: -1 }),
      'The option timeoutMs is -1; it must be a number of milliseconds, 0 or more.',
    ],
    [
      'events',
      (execution) => execution.events({ afterId: '1.1' } as never),
      'There is no option afterId; did you mean after?',
    ],
    [
      'events',
      (execution) => execution.events({ after: 1 } as never),
      'The option after is 1; it must be the id of an event',
    ],
    [
      'cancel',
      (execution) => execution.cancel({ reason: 'x' } as never),
      'The reason of a cancellation must be a string; the value is of type object.',
    ],
    [
      'listApprovals',
      (_, codemode) => codemode.listApprovals({ executionId: 'abc' }),
      "The option executionId is 'abc'; it must be the id of an execution",
    ],
    [
      'listApprovals',
      (_, codemode) => codemode.listApprovals({ status: 'open' } as never),
      "The option status is 'open'; it must be one of pending, approved",
    ],
  ])('%s refuses options that it does not take', { tags: ['JB-4'] }, async (method, use, message) => {
    await using client = connect(executor)
    const execution = await client.submit('1', { detached })
    const refused = (async () => use(execution, client))()
    await expect(refused).rejects.toMatchObject({ name: 'ConfigurationError' })
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toThrow(`.${method}(`)
  })

  test('resume takes the key of the submission', { tags: ['JB-4'] }, async () => {
    await using client = connect(executor, { tools: { one: () => 1 } })
    const idempotencyKey = `resumed ${newExecutionId()}`
    await client.submit('return tools.one()', { detached, servedBy: 'resume', idempotencyKey })
    expect(await client.resume({ idempotencyKey })).toMatchObject({ success: true, result: 1 })
  })

  test.each([null, 7, undefined, {}, { idempotencyKey: '' }, { idempotencyKey: 7 }])(
    'getExecution refuses the id %j',
    { tags: ['JB-4'] },
    async (id) => {
      await using client = connect(executor)
      await expect(client.getExecution(id as never)).rejects.toMatchObject({ name: 'ConfigurationError' })
    },
  )

  test.each(['', 'job-1', '../info', 'exe_1\r\nx-a: b', newExecutionId(), newExecutionId().toUpperCase()])(
    'getExecution rejects with NOT_FOUND for %j',
    { tags: ['JB-4'] },
    async (id) => {
      await using client = connect(executor)
      await expect(client.getExecution(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    },
  )

  test.each([
    { status: 'done' },
    { label: 7 },
    { since: 'yesterday' },
    { since: new Date(NaN) },
    { limit: 0 },
    { pageSize: 201 },
    { owner: 'me' },
    { detached: 'yes' },
    null,
  ])('listExecutions refuses %j at once', { tags: ['JB-4'] }, async (options) => {
    await using client = connect(executor)
    expect(() => client.listExecutions(options as never)).toThrow(/codemode\.listExecutions\(/)
  })

  test.each([
    'status=done',
    'limit=0',
    'limit=201',
    'limit=x',
    'since=yesterday',
    'cursor=nonsense',
    `cursor=${'x'.repeat(257)}`,
    'state=failed',
    'detached=1',
  ])('the list refuses the query %s', { tags: ['JB-4'] }, async (query) => {
    const { status, body } = await api(executor, `/v1/executions?${query}`)
    expect({ status, code: body.error?.code }).toEqual({ status: 400, code: 'INVALID_REQUEST' })
  })

  test.each<[string, object]>([
    ['a life below a second', { detached, expiresAfterMs: 999 }],
    ['a life above 30 days', { detached, expiresAfterMs: 30 * day + 1 }],
    ['a life of an attached execution', { expiresAfterMs: 1_000 }],
    ['detached as a text', { detached: 'true' }],
    ['an execution timeout above the maximum', { detached, limits: { executionTimeoutMs: day + 1 } }],
  ])('the executor refuses %s', { tags: ['JB-1'] }, async (_, body) => {
    const answer = await api(executor, '/v1/executions', { body: { code: '1', ...body } })
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST' } } })
  })

  test.each<[string, unknown]>([
    ['an unknown field', { codes: '2' }],
    ['code that is no text', { code: 2 }],
    ['an id that is none', { id: 'job-2' }],
    ['a callback without a token', { callback: { url: 'http://127.0.0.1:1/' } }],
    ['no JSON', '{'],
  ])('a retry refuses %s', { tags: ['JB-4'] }, async (_, body) => {
    await using client = connect(executor)
    const { id } = await client.submit('1', { detached })
    const answer = await api(executor, `/v1/executions/${id}/retry`, { body })
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST' } } })
  })

  test('events after an event that does not exist are refused by status', { tags: ['JB-4'] }, async () => {
    await using client = connect(executor)
    const execution = await client.submit('await sleep(600_000)', { detached })
    for (const id of ['9999.1', '1.9', 'first']) {
      const headers = { 'last-event-id': id }
      const { status, body } = await api(executor, `/v1/executions/${execution.id}/events`, { headers })
      expect({ id, status, code: body.error.code }).toEqual({ id, status: 400, code: 'INVALID_REQUEST' })
    }
    await execution.cancel()
  })

  test('code that is too large is refused before it is sent', { tags: ['JB-1'] }, async () => {
    await using client = connect({ url: 'http://127.0.0.1:1' })
    const refused = client.submit(`"${'x'.repeat(300_000)}"`, { detached })
    await expect(refused).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE', attempts: 0 })
  })
})

test('an executor without a store says so', { tags: ['JB-4'] }, async () => {
  await using executor = await startExecutor({ sandboxProcesses: 1 })
  await using client = connect(executor)
  await expect(client.submit('1', { detached })).rejects.toMatchObject({ code: 'STORE_DISABLED' })
  const [first] = [client.listExecutions()[Symbol.asyncIterator]()]
  expect(await first.next()).toEqual({ done: true, value: undefined })
})

test('an executor of your own without detached executions is a clear error', { tags: ['JB-4'] }, async () => {
  const executor = { run: () => Promise.reject(new Error('not used')), [Symbol.asyncDispose]: async () => {} }
  await using client = Codemode.fromClientConfig({ executor })
  await expect(client.submit('1', { detached })).rejects.toThrow(/has no detached executions/)
  expect(() => client.listExecutions()).toThrow(/has no detached executions/)
  await expect(client.getExecution(newExecutionId())).rejects.toThrow(/can't read records/)
})
