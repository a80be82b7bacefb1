import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { keyOf, writeKeysFile, type KeysFile } from '@codemode/testkit'

import { startDurableExecutor, type DurableExecutor } from './support/durable-executor.ts'
import { ExampleProgram } from './support/example-program.ts'
import { testStores, type TestStore } from './support/test-stores.ts'

const dayMs = 86_400_000

let store: TestStore
let keys: KeysFile
let executor: DurableExecutor

beforeAll(async () => {
  store = await testStores.find(({ store: name }) => name === 'PostgreSQL')!.open()
  keys = await writeKeysFile({
    ada: { tenant: 'acme', rights: ['run'] },
    bob: { tenant: 'acme', rights: ['approve'] },
  })
  executor = await start()
})
afterAll(async () => {
  await executor?.[Symbol.asyncDispose]()
  await store?.[Symbol.asyncDispose]()
  await keys?.[Symbol.asyncDispose]()
})

const start = () => startDurableExecutor(store, { ...keys.config, apiKey: undefined, forbidSelfApproval: true })

/** Runs a recipe to its end. Resolves with what it wrote. */
async function run(recipe: string, ...args: string[]): Promise<string> {
  const env = {
    CODEMODE_EXECUTOR_URL: executor.url,
    CODEMODE_EXECUTOR_API_KEY: keyOf('ada'),
    CODEMODE_APPROVER_API_KEY: keyOf('bob'),
  }
  await using program = new ExampleProgram(`approvals/${recipe}`, { args, env })
  expect(await program.ended()).toEqual({ code: 0, stderr: '' })
  return program.stdout
}

test('a payment is approved the next day, on another node, and made once', { tags: ['AP-1', 'AP-3'] }, async () => {
  const [, id = ''] = /^waiting: (\S+)$/m.exec(await run('next-day.ts', 'ask')) ?? []
  await executor.close({ drainMs: 0 })
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + dayMs })
  try {
    executor = await start()
    expect(await run('next-day.ts', 'approve', id)).toBe('approved: pay of invoice 17\n')
    expect(await run('next-day.ts', 'resume', id)).toBe('paid: 50 and 850\n')
  } finally {
    vi.useRealTimers()
  }
})

test.each([
  ['rejection.ts', 'kept, because the audit needs it'],
  ['deferred-webhook.ts', 'the report has 12 pages'],
  ['agent-loop.ts', 'Done: "refunded order 17".'],
  ['two-approvers.ts', 'the other approver got'],
])('the recipe %s runs to its end', { tags: ['AP-2'] }, async (recipe, text) => {
  expect(await run(recipe)).toContain(text)
})
