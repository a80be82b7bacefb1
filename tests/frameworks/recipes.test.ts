import type { RunningExecutor } from '@codemode/executor'
import { apiKey, startExecutor } from '@codemode/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { ExampleProgram } from '../support/example-program.ts'

let executor: RunningExecutor
beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

test.each([
  ['ai-sdk.ts', 'I have ordered the missing books.'],
  ['mcp-tools.ts', 'closed Crash on exit'],
  ['mcp-client.ts', 'The sum is 14.'],
  ['crew.ts', 'the cheapest trip is to Rome'],
])('the recipe %s runs to its end', { tags: ['FW-1', 'FW-2'] }, async (recipe, text) => {
  const env = { CODEMODE_EXECUTOR_URL: executor.url, CODEMODE_EXECUTOR_API_KEY: apiKey }
  await using program = new ExampleProgram(`agents/${recipe}`, { env })
  expect(await program.ended()).toEqual({ code: 0, stderr: '' })
  expect(program.stdout).toContain(text)
})
