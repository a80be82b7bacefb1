import { expect, test } from 'vitest'
import { z } from 'zod'

import { Codemode } from '../codemode.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { MockExecutor } from '../executors/mock-executor.ts'
import { fromAiSdkTools, toAiSdkTool } from './ai-sdk.ts'
import { fromAnthropicTools, toAnthropicTool } from './anthropic.ts'
import { fromCrewaiTools } from './crewai.ts'
import { fromOpenAITools } from './openai-agents.ts'

const execute = (): number => 1

test.each([
  ['fromOpenAITools', () => fromOpenAITools({ a: { name: 'a', execute } } as never), 'The tools must be an array'],
  ['fromAnthropicTools', () => fromAnthropicTools(undefined as never), 'must be an array; the value is undefined'],
  ['fromAiSdkTools', () => fromAiSdkTools([{ execute }] as never), 'it is an array'],
  ['fromAiSdkTools', () => fromAiSdkTools(Promise.resolve({}) as never), 'an await is missing'],
])('%s refuses tools in another form, and does not convert none of them', (_name, convert, message) => {
  expect(convert).toThrow(message)
})

test('a schema under a name that the framework does not have is refused with the right name', () => {
  const schema = z.object({ city: z.string() })
  expect(() => fromAiSdkTools({ weather: { parameters: schema, execute } as object })).toThrow(
    "The tool 'weather' has the property parameters, which is not used; did you mean inputSchema?",
  )
  expect(() => fromCrewaiTools([{ name: 'weather', args_schema: schema, run: execute } as object])).toThrow(
    'did you mean argsSchema?',
  )
})

test('a failed request is an error with the text for the model, and the error of the client as its cause', async () => {
  const reject = new ExecutorClientError('CONNECTION_FAILED', 'http://10.0.0.5 is down', { ambiguous: true })
  const executor = new MockExecutor({ responses: [{ code: 'x', reject }] })
  await using codemode = Codemode.fromClientConfig({ executor })
  for (const run of [toAiSdkTool(codemode).execute, toAnthropicTool(codemode).run]) {
    const error = await run({ code: 'x' }).catch((thrown: unknown) => thrown as Error)
    expect(error).toMatchObject({ cause: { code: 'CONNECTION_FAILED' } })
    expect((error as Error).message).toContain('The code may have run, with its tool calls.')
    expect((error as Error).message).not.toContain('10.0.0.5')
  }
})
