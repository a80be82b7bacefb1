import { toAiSdkToolCaller } from '@codemode/client/ai-sdk'
import { fromCrewaiTools, toCrewaiTool } from '@codemode/client/crewai'
import { Codemode, ExecutorConnectionError, MockExecutor } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'
import { connect, startExecutor } from '@codemode/testkit'
import { generateText, isStepCount, tool } from 'ai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'

import type { Agent } from './agents/agent.ts'
import { aiSdkAgent, aiSdkStream, modelOf, resultsIn } from './agents/ai-sdk.ts'
import { anthropicAgent, anthropicStream } from './agents/anthropic.ts'
import { openaiAgent, openaiStream } from './agents/openai-agents.ts'

const agents: Agent[] = [aiSdkAgent, aiSdkStream, openaiAgent, openaiStream, anthropicAgent, anthropicStream]

let executor: RunningExecutor
beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

const price = {
  name: 'price',
  schema: z.object({ item: z.string() }),
  run: ({ item }: { item: string }) => `${item.length}`,
}

describe.each(agents)('an agent of $agent', ({ adapter, converse }) => {
  test('sends code, which calls its own tools, and gets the value', { tags: ['FW-1', 'FW-2'] }, async () => {
    await using codemode = connect(executor, { tools: await adapter.toTools([price]) })
    const { results, answer } = await converse(codemode, [
      `const prices = await Promise.all(['pen', 'table'].map((item) => tools.price({ item })))
       return prices.map(Number)`,
    ])
    expect(results).toEqual([expect.stringMatching(/^The code completed.[^]*\[3,5\]/)])
    expect(answer).toBe('done')
  })

  test('gets the error of its code, and can send corrected code', { tags: ['FW-1'] }, async () => {
    await using codemode = connect(executor, { tools: await adapter.toTools([price]) })
    const { results } = await converse(codemode, [
      'await tools.prize({})',
      `tools.price({ item: 7 })`,
      `return 'corrected'`,
    ])
    expect(results).toEqual([
      expect.stringMatching(/^The code failed[^]*prize/),
      expect.stringMatching(/^The code failed[^]*input.item/),
      expect.stringContaining('corrected'),
    ])
  })

  test('cancels code and its tools when its own signal aborts', { tags: ['FW-1', 'FW-2'] }, async () => {
    const called = Promise.withResolvers<void>()
    const aborted = Promise.withResolvers<string>()
    const run = (_: unknown, signal: AbortSignal): Promise<string> => {
      signal.addEventListener('abort', () => aborted.resolve('aborted'))
      called.resolve()
      return aborted.promise
    }
    await using codemode = connect(executor, {
      tools: await adapter.toTools([{ name: 'wait', schema: z.object({}), run }]),
    })
    const controller = new AbortController()
    const running = converse(codemode, ['await tools.wait({})'], controller.signal)
    await called.promise
    controller.abort()
    await expect(running).rejects.toThrow(/abort/i)
    expect(await aborted.promise).toBe('aborted')
  })

  test(
    'goes on when code waits for an approval, and when the executor is down',
    { tags: ['FW-1', 'FW-4'] },
    async () => {
      const mock = new MockExecutor({
        responses: [
          { code: /pay/, paused: [{ tool: 'pay', input: { cents: 5 } }] },
          { code: /outage/, reject: new ExecutorConnectionError('the executor is down') },
        ],
      })
      await using codemode = Codemode.fromClientConfig({ executor: mock, tools: { pay: () => 1 } })
      const { results, answer } = await converse(codemode, ['pay', 'outage'])
      expect(results).toEqual([
        expect.stringMatching(/^The execution is paused[^]*pay\(\{"cents":5\}\)/),
        expect.stringContaining('can not be reached'),
      ])
      expect(answer).toBe('done')
    },
  )
})

test(
  'a tool caller of the AI SDK has the tools that the SDK gives it, with their approvals',
  { tags: ['FW-1'] },
  async () => {
    await using codemode = connect(executor, { tools: { tax: () => 2 }, onApproval: () => ({ reject: 'not today' }) })
    const weather = tool({ inputSchema: z.object({ city: z.string() }), execute: ({ city }) => `sun in ${city}` })
    const pay = tool({ inputSchema: z.object({}), execute: () => 'paid' })
    const direct = tool({ inputSchema: z.object({}), execute: () => 'direct' })
    const run_code = toAiSdkToolCaller(codemode, { toolApproval: { pay: 'user-approval' } })
    const model = modelOf([
      `return [await tools.weather({ city: 'Oslo' }), await tools.tax(), await tools.pay({}).catch((error) => error.message)]`,
      `return typeof tools.direct`,
    ])
    await generateText({
      model,
      tools: { run_code, weather, pay, direct },
      experimental_toolCallers: { weather: ['run_code'], pay: ['run_code'] },
      stopWhen: isStepCount(10),
      prompt: 'Go.',
    })
    const [first, second] = resultsIn(model.doGenerateCalls)
    expect(first).toMatch(/sun in Oslo[^]*2[^]*not today/)
    expect(second).toContain('undefined')
    const offered = model.doGenerateCalls[0]!.tools!.map(({ name }) => name)
    expect(offered).toEqual(['run_code', 'direct'])
  },
)

describe('a CrewAI-style tool', () => {
  const code = 'await tools.prize({})'

  test(
    'gives the value, or what went wrong with the correlation id, and never throws',
    { tags: ['FW-1'] },
    async () => {
      await using codemode = connect(executor, { tools: fromCrewaiTools([{ name: 'price', run: () => 3 }]) })
      const { name, argsSchema, run, _arun } = toCrewaiTool(codemode)
      expect([name, argsSchema['required']]).toEqual(['run_code', ['code']])
      expect(await run({ code: 'return 2 * (await tools.price())' })).toMatch(/^The code completed[^]*6/)
      expect(await _arun({ code }, { correlationId: 'crew-0123456789abcdef' })).toMatch(
        /^The code failed[^]*prize[^]*Correlation id: crew-0123456789abcdef$/,
      )
      expect(await run({ code }, { signal: AbortSignal.abort() })).toContain('CANCELLED')
      expect(await run(undefined as never)).toContain('code')
    },
  )

  test('tells what keeps code from running, with the correlation id of the request', { tags: ['FW-1'] }, async () => {
    await using codemode = connect(
      { url: 'http://127.0.0.1:9' },
      { retry: { maxAttempts: 1 }, tools: { price: () => 3 } },
    )
    const { run, _run } = codemode.asCrewaiTool()
    expect(await run({ code })).toMatch(/^The request to run the code failed[^]*Correlation id: \S+$/)
    expect(_run({ code })).toMatch(/toolsModule/)
    await codemode.close()
    expect(await run({ code })).toContain('CLIENT_CLOSED')
  })
})
