import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'

import { ApprovalPendingError, Codemode, tool, type ClientConfig, type OnApproval } from '@codemode/client'
import { connect, freePort, keyOf, startExecutor, transports, writeKeysFile, type KeysFile } from '@codemode/testkit'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { testStores, type TestStore } from '../support/test-stores.ts'

let store: TestStore
let keys: KeysFile
let executor: DurableExecutor

beforeAll(async () => {
  store = await testStores.find(({ store: name }) => name === 'PostgreSQL')!.open()
  keys = await writeKeysFile({
    ada: { tenant: 'acme', rights: ['run'] },
    bob: { tenant: 'acme', rights: ['run', 'read', 'approve'] },
    eve: { tenant: 'other', rights: ['run', 'read', 'approve'] },
  })
  executor = await startDurableExecutor(store, { ...keys.config, apiKey: undefined })
})
afterAll(async () => {
  await executor?.[Symbol.asyncDispose]()
  await store?.[Symbol.asyncDispose]()
  await keys?.[Symbol.asyncDispose]()
})

/** Reads a list to its end. */
async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const read: Item[] = []
  for await (const item of items) read.push(item)
  return read
}

/** Payments that were asked for and made, and a client of the owner with the tools for them. */
function payments(owner = 'ada', config: Partial<ClientConfig> = {}) {
  const asked: number[] = []
  const paid: number[] = []
  const tools = {
    price: ({ amount }: { amount: number }) => (asked.push(amount), amount),
    pay: tool({
      inputSchema: z.object({ amount: z.number().max(1_000) }),
      requiresApproval: true,
      execute: ({ amount }) => {
        paid.push(amount)
        return { paid: amount }
      },
    }),
  }
  const client = () =>
    Codemode.fromClientConfig({ executorUrl: executor.url, executorApiKey: keyOf(owner), tools, ...config })
  return { asked, paid, client }
}

const approver = () => Codemode.fromClientConfig({ executorUrl: executor.url, executorApiKey: keyOf('bob') })

const code = `
  const amount = await tools.price({ amount: 90 })
  try { return await tools.pay({ amount }) }
  catch (error) { return { code: error.code, message: error.message } }`

/** Runs the code, whose payment waits for an approval. Resolves with the error that says so. */
async function pausedBy(client: Codemode, source = code): Promise<ApprovalPendingError> {
  const error: unknown = await client.executeAsync(source).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ApprovalPendingError)
  return error as ApprovalPendingError
}

test(
  'a payment is decided by another process and made by a third one, once',
  { tags: ['AP-1', 'AP-2', 'AP-3'] },
  async () => {
    const { asked, paid, client } = payments()
    const first = client()
    const { executionId } = await pausedBy(first)
    await first.close()
    await using boss = approver()
    const [approval] = await all(boss.listApprovals({ status: 'pending', executionId }))
    expect(approval).toMatchObject({ executionId, tool: 'pay', input: { amount: 90 }, owner: 'ada' })
    await expect(boss.decide(approval!, { approve: true, input: { amount: 9_000 } })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    })
    await boss.decide(approval!, { approve: true, input: { amount: 80 }, note: 'as agreed' })
    await using third = client()
    expect(await third.resume(executionId)).toMatchObject({ success: true, result: { paid: 80 } })
    expect({ asked, paid }).toEqual({ asked: [90], paid: [80] })
    const execution = await third.getExecution(executionId)
    expect(await all(execution.approvals())).toMatchObject([
      { status: 'approved', decision: { by: 'bob', note: 'as agreed', input: { amount: 80 } } },
    ])
  },
)

test('a rejection is an error in the code, or ends the execution', { tags: ['AP-2'] }, async () => {
  const { paid, client } = payments()
  await using codemode = client()
  await using boss = approver()
  const caught = await pausedBy(codemode)
  await boss.decide(caught.approvals[0]!, { reject: 'over budget' })
  expect(await codemode.resume(caught.executionId)).toMatchObject({
    result: { code: 'TOOL_REJECTED', message: expect.stringContaining('over budget') as string },
  })
  const ended = await pausedBy(codemode)
  await boss.decide(ended.approvals[0]!, { reject: 'fraud', end: true })
  expect(await codemode.resume(ended.executionId)).toMatchObject({ error: { code: 'APPROVAL_REJECTED' } })
  const responded = await pausedBy(codemode)
  await boss.decide(responded.approvals[0]!, { respond: false })
  expect(await codemode.resume(responded.executionId)).toMatchObject({ success: true, result: false })
  expect(paid).toEqual([])
})

test('of two approvers who decide at once one wins, and the other one learns it', { tags: ['AP-2'] }, async () => {
  const { paid, client } = payments()
  await using codemode = client()
  await using boss = approver()
  const { approvals, executionId } = await pausedBy(codemode)
  const outcomes = await Promise.allSettled([
    boss.decide(approvals[0]!, { approve: true }),
    boss.decide(approvals[0]!, { reject: 'no' }),
  ])
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  const refused = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult
  expect(refused.reason).toMatchObject({
    code: 'APPROVAL_CONFLICT',
    message: expect.stringMatching(
      /of pay was (approved|rejected) by the owner "bob" at .*; the first decision counts\.$/,
    ) as string,
  })
  await codemode.resume(executionId)
  expect(paid).toHaveLength(outcomes[0].status === 'fulfilled' ? 1 : 0)
})

test('nobody decides without the right, for another tenant, or by an answer', { tags: ['AP-2', 'AP-4'] }, async () => {
  const { paid, client } = payments()
  await using codemode = client()
  await using eve = payments('eve').client()
  const { approvals } = await pausedBy(codemode)
  const [approval] = approvals as [(typeof approvals)[number]]
  await expect(codemode.decide(approval, { approve: true })).rejects.toMatchObject({ code: 'FORBIDDEN' })
  await expect(eve.decide(approval, { approve: true })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(codemode.answerToolCall(approval.callId, { output: 1 })).rejects.toMatchObject({
    code: 'APPROVAL_CONFLICT',
  })
  await using boss = approver()
  const other = { ...approval, inputHash: '0'.repeat(64) }
  await expect(boss.decide(other, { approve: true })).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' })
  expect(await all(eve.listApprovals({ executionId: approval.executionId }))).toEqual([])
  expect(paid).toEqual([])
})

describe.each(transports)('over $transport', ({ config }) => {
  test('a client with onApproval decides before the handler runs', { tags: ['AP-3'] }, async () => {
    const seen: unknown[] = []
    const onApproval: OnApproval = ({ tool: name, input }) => {
      seen.push([name, input])
      return seen.length === 1 ? { approve: true, input: { amount: 1 } } : { reject: 'enough' }
    }
    const { paid, client } = payments('ada', { ...config, onApproval })
    await using codemode = client()
    expect(await codemode.executeAsync(code)).toEqual({ paid: 1 })
    expect(await codemode.executeAsync(code)).toMatchObject({ code: 'TOOL_REJECTED' })
    const ending = codemode.run(code, { onApproval: () => ({ reject: 'fraud', end: true }) })
    expect(await ending).toMatchObject({ error: { code: 'APPROVAL_REJECTED' } })
    expect(seen).toEqual([
      ['pay', { amount: 90 }],
      ['pay', { amount: 90 }],
    ])
    expect(paid).toEqual([1])
  })

  test('a function of the tool decides which calls need an approval', { tags: ['AP-1'] }, async () => {
    const paid: number[] = []
    const pay = tool({
      requiresApproval: ({ amount }) => amount > 50 && { reason: `${amount} is much` },
      execute: ({ amount }: { amount: number }) => paid.push(amount),
    })
    const { client } = payments('ada', { ...config, tools: { pay } })
    await using codemode = client()
    const source = 'await tools.pay({ amount: 5 }); await tools.pay({ amount: 60 }); return "done"'
    const { approvals, executionId } = await pausedBy(codemode, source)
    expect(approvals).toMatchObject([{ callId: `${executionId}:2`, reason: '60 is much' }])
    await using boss = approver()
    await boss.decide(approvals[0]!, { approve: true })
    expect(await codemode.resume(executionId)).toMatchObject({ result: 'done' })
    expect(paid).toEqual([5, 60])
  })
})

test('another process of the application that serves the tools decides, too', { tags: ['AP-3'] }, async () => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/`
  const secret = 'a-secret-that-all-processes-of-the-client-share'
  const asked: string[] = []
  const deciding =
    (name: string): OnApproval =>
    () => {
      asked.push(name)
      return { approve: true }
    }
  const starter = payments('ada', { toolServer: { url, secret }, onApproval: deciding('starter') })
  const server = payments('ada', { toolServer: { port, url, secret }, onApproval: deciding('server') })
  await using starting = starter.client()
  await using serving = server.client()
  await serving.serveTools()
  expect(await starting.executeAsync(code)).toEqual({ paid: 90 })
  expect({ asked, paid: server.paid }).toEqual({ asked: ['server'], paid: [90] })
  // Only the process that has the function of one execution can ask it.
  const own = await starting.run(code, { onApproval: deciding('execution') })
  expect(own).toMatchObject({ error: { message: expect.stringContaining('Only the process that runs') as string } })
  expect(asked).toEqual(['server'])
})

test('an executor without a store refuses tools that need approvals, unless the client decides', async () => {
  await using storeless = await startExecutor()
  const pay = tool({ requiresApproval: true, execute: () => 1 })
  const maybe = tool({ requiresApproval: () => true, execute: () => 1 })
  await using codemode = connect(storeless, { tools: { pay, maybe } })
  await expect(codemode.executeAsync('1')).rejects.toMatchObject({ code: 'STORE_DISABLED' })
  expect(await codemode.executeAsync('return tools.pay()', { onApproval: () => ({ approve: true }) })).toBe(1)
  const caught = 'try { await tools.maybe() } catch (error) { return error.code }'
  expect(await codemode.executeAsync(caught, { availableTools: ['maybe'] })).toBe('APPROVAL_UNAVAILABLE')
})
