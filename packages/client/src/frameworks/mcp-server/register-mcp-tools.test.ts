import { expect, test } from 'vitest'

import { Codemode } from '../../codemode.ts'
import { MockExecutor } from '../../executors/mock-executor.ts'
import { registerMcpTools } from './register-mcp-tools.ts'

test('the description of run_code names the tools that its code may call, and no others', () => {
  const codemode = Codemode.fromClientConfig({ executor: new MockExecutor(), tools: { who: () => 1, pay: () => 2 } })
  const descriptions: string[] = []
  const server = {
    registerTool: (_name: string, { description }: { description: string }) => descriptions.push(description),
    server: { getClientCapabilities: () => undefined },
  }
  registerMcpTools(server, codemode, { execution: { availableTools: ['who'] } })
  expect(descriptions[0]).toMatch(/Tools: who$/)
})
