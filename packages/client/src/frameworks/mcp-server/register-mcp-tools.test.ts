import { expect, test } from 'vitest'

import { Codemode } from '../../codemode.ts'
import { MockExecutor } from '../../executors/mock-executor.ts'
import { registerMcpTools, type McpToolsOptions } from './register-mcp-tools.ts'
import type { McpCallContext, McpServerLike } from './sdk-shapes.ts'

interface RegisteredTool {
  readonly description: string
  handler(this: void, input: object, context: McpCallContext): Promise<Record<string, unknown>>
}

/** Returns the tools that an MCP server gets, by their names. */
function toolsOf(codemode: Codemode, options?: McpToolsOptions): Record<string, RegisteredTool> {
  const tools: Record<string, RegisteredTool> = {}
  const server: McpServerLike = {
    registerTool: (name, { description }, handler) => (tools[name] = { description, handler }),
    server: { getClientCapabilities: () => undefined },
  }
  registerMcpTools(server, codemode, options)
  return tools
}

test('the description of run_code names the tools that its code may call, and no others', () => {
  const codemode = Codemode.fromClientConfig({ executor: new MockExecutor(), tools: { who: () => 1, pay: () => 2 } })
  const { run_code: runCode } = toolsOf(codemode, { execution: { availableTools: ['who'] } })
  expect(runCode!.description).toMatch(/Tools: who$/)
})

test('run_code takes the ids of the sessions that it has started, and no id of a durable session', async () => {
  const executor = new MockExecutor({ defaultResult: 42 })
  await using codemode = Codemode.fromClientConfig({ executor })
  await using durable = await codemode.session({ durable: true })
  const context = { mcpReq: { signal: new AbortController().signal, requestState: () => undefined } }
  const run = (sessionId: string) => toolsOf(codemode)['run_code']!.handler({ code: '1', sessionId }, context)
  const first = await run('new')
  const { sessionId } = (first['_meta'] as Record<string, { sessionId: string }>)['codemode/execution']!
  expect(await run(sessionId)).not.toHaveProperty('isError')
  const refused = await run(durable.id)
  expect(refused).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('it is a durable one') }] })
  expect(executor.calls).toHaveLength(2)
  expect((await durable.record()).steps).toBe(0)
})
