import { formatResult, tool as codeTool } from '@codemode/client'
import { toAiSdkTool } from '@codemode/client/ai-sdk'
import { connect, keyOf, writeKeysFile, type KeysFile } from '@codemode/testkit'
import { generateText, isStepCount, tool, type ModelMessage } from 'ai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { openMemoryStore, type TestStore } from '../support/test-stores.ts'
import { callingModel, modelOf, resultsIn } from './agents/ai-sdk.ts'

let store: TestStore
let keys: KeysFile
let executor: DurableExecutor

beforeAll(async () => {
  store = openMemoryStore()
  keys = await writeKeysFile({ ada: { tenant: 'acme', rights: ['run'] }, bob: { tenant: 'acme', rights: ['approve'] } })
  executor = await startDurableExecutor(store, { ...keys.config, apiKey: undefined })
})
afterAll(async () => {
  await executor?.[Symbol.asyncDispose]()
  await store?.[Symbol.asyncDispose]()
  await keys?.[Symbol.asyncDispose]()
})

test(
  'an agent of the AI SDK is told that its code waits for an approval, and resumes it after the decision',
  { tags: ['FW-1', 'FW-4'] },
  async () => {
    const asked: number[] = []
    const paid: number[] = []
    const tools = {
      price: ({ amount }: { amount: number }) => (asked.push(amount), amount),
      pay: codeTool({
        requiresApproval: true,
        execute: ({ amount }: { amount: number }) => (paid.push(amount), { paid: amount }),
      }),
    }
    await using codemode = connect(executor, { executorApiKey: keyOf('ada'), tools })
    const settings = {
      tools: {
        run_code: toAiSdkTool(codemode, { howToResume: 'Then call resume_code with its id.' }),
        resume_code: tool({
          inputSchema: z.object({ executionId: z.string() }),
          execute: async ({ executionId }, { abortSignal }) =>
            formatResult(await codemode.resume(executionId, { signal: abortSignal })),
        }),
      },
      stopWhen: isStepCount(10),
    }

    const messages: ModelMessage[] = [{ role: 'user', content: 'Pay the invoice.' }]
    const first = modelOf(['const amount = await tools.price({ amount: 90 }); return tools.pay({ amount })'])
    const waiting = await generateText({ ...settings, model: first, messages })
    const [paused] = resultsIn(first.doGenerateCalls)
    expect(paused).toMatch(/^The execution is paused[^]*pay\(\{"amount":90\}\)[^]*call resume_code with its id\.$/)
    const [, executionId = ''] = /Its id is (\S+)\. /.exec(paused!) ?? []
    expect({ asked, paid }).toEqual({ asked: [90], paid: [] })

    await using approver = connect(executor, { executorApiKey: keyOf('bob') })
    for await (const approval of approver.listApprovals({ status: 'pending', executionId }))
      await approver.decide(approval, { approve: true })

    messages.push(...waiting.responseMessages, { role: 'user', content: 'It is approved.' })
    const second = callingModel([{ toolName: 'resume_code', input: { executionId } }])
    const { text } = await generateText({ ...settings, model: second, messages })
    expect(text).toBe('done')
    expect(resultsIn(second.doGenerateCalls)).toEqual([
      paused,
      expect.stringMatching(/^The code completed\.[^]*\{"paid":90\}/),
    ])
    expect({ asked, paid }).toEqual({ asked: [90], paid: [90] })
  },
)
