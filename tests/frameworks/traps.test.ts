import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { mcpTools } from '@anthropic-ai/sdk/helpers/beta/mcp'
import { ToolError as AnthropicToolError } from '@anthropic-ai/sdk/lib/tools/ToolError'
import { fromAiSdkTools, type AiSdkToolApproval } from '@codemode/client/ai-sdk'
import { fromAnthropicTools } from '@codemode/client/anthropic'
import { fromCrewaiTools } from '@codemode/client/crewai'
import { fromMcpClient, type McpClient } from '@codemode/client/mcp'
import { fromOpenAITools } from '@codemode/client/openai-agents'
import { tool as openaiTool } from '@openai/agents'
import { jsonSchema, tool } from 'ai'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'

import { callTool } from './call-tool.ts'

const anyInput = z.object({})
const keep = () => ({ reject: 'keep it' })
const isEnabled = ({ runContext }: { runContext: { context: unknown } }) => runContext.context === 'admin'
const mcpFailure = { content: [{ type: 'text', text: 'no such repository' }], isError: true }

async function* progress() {
  yield { done: 1 }
  yield { done: 2 }
}

test('the last value of a tool that reports progress is its output', { tags: ['FW-2'] }, async () => {
  const aiSdk = fromAiSdkTools({ load: tool({ inputSchema: anyInput, execute: progress }) })
  const crewai = fromCrewaiTools([{ name: 'load', run: progress }])
  for (const tools of [aiSdk, crewai]) expect(await callTool(tools, 'load')).toEqual({ done: 2 })
})

describe('an error that a framework returns as a value is an error for code', () => {
  const openai = openaiTool({
    name: 'fail',
    description: 'd',
    parameters: anyInput,
    execute: () => Promise.reject(new Error('secret')),
  })
  const slow = openaiTool({
    name: 'fail',
    description: 'd',
    parameters: anyInput,
    timeoutMs: 1,
    execute: (_input, _context, details) =>
      new Promise<string>((resolve) => {
        details!.signal!.addEventListener('abort', () => resolve('late'))
      }),
  })
  const listed = { name: 'fail', inputSchema: { type: 'object' as const } }
  const client = { listTools: async () => ({ tools: [listed] }), callTool: async () => mcpFailure }
  const blocks = betaTool({
    name: 'fail',
    description: 'd',
    inputSchema: { type: 'object', properties: {} },
    run: () => {
      throw new AnthropicToolError([{ type: 'text', text: 'no such repository' }])
    },
  })
  test.each([
    [
      'AI SDK, of an MCP server',
      fromAiSdkTools({ fail: tool({ inputSchema: anyInput, execute: () => mcpFailure }) }),
      'no such repository',
    ],
    ['MCP', fromMcpClient(client), 'no such repository'],
    ['Anthropic, of an MCP server', fromAnthropicTools(mcpTools([listed], client as never)), 'no such repository'],
    ['Anthropic, of blocks', fromAnthropicTools([blocks]), 'no such repository'],
    ['OpenAI Agents', fromOpenAITools([openai]), 'its errorFunction hides the reason'],
    ['OpenAI Agents, of a timeout', fromOpenAITools([slow]), 'timed out after 1ms'],
  ])('%s', { tags: ['FW-2'] }, async (_, tools, message) => {
    await expect(callTool(await tools, 'fail')).rejects.toThrow(message)
  })
})

describe('a tool that can not be converted is refused with its name', () => {
  const noSchema = { type: 'objekt' }
  test.each([
    [
      'AI SDK, without execute',
      () => fromAiSdkTools({ 'my tool': tool({ inputSchema: anyInput, outputSchema: anyInput }) }),
    ],
    ['AI SDK, of a provider', () => fromAiSdkTools({ 'my tool': { type: 'provider', execute: () => 1 } })],
    [
      'AI SDK, a promise as the schema',
      () => fromAiSdkTools({ 'my tool': { inputSchema: jsonSchema(Promise.resolve({})), execute: () => 1 } }),
    ],
    [
      'AI SDK, a description that throws',
      () =>
        fromAiSdkTools({
          'my tool': { description: ({ context }: { context: { a: { b: string } } }) => context.a.b, execute: () => 1 },
        }),
    ],
    ['OpenAI Agents, hosted', () => fromOpenAITools([{ type: 'hosted_tool', name: 'my tool' }])],
    ['OpenAI Agents, schema', () => fromOpenAITools([{ name: 'my tool', parameters: noSchema, invoke: () => 1 }])],
    ['Anthropic, without run', () => fromAnthropicTools([{ name: 'my tool', input_schema: { type: 'object' } }])],
    ['Anthropic, schema', () => fromAnthropicTools([{ name: 'my tool', input_schema: noSchema, run: () => 1 }])],
    ['CrewAI-style, without run', () => fromCrewaiTools([{ name: 'my tool' }])],
    [
      'MCP, schema',
      () =>
        fromMcpClient({
          listTools: async () => ({ tools: [{ name: 'my tool', inputSchema: noSchema }] }),
          callTool: async () => ({}),
        }),
    ],
  ])('%s', { tags: ['FW-2'] }, async (_, convert) => {
    await expect(async () => convert()).rejects.toThrow(/^(?=[^]*'my tool')/)
    await expect(async () => convert()).rejects.toMatchObject({ name: 'ConfigurationError' })
  })

  test('a tool without a name has its index in the message', { tags: ['FW-2'] }, () => {
    expect(() => fromOpenAITools([{ name: 'a', execute: () => 1 }, { execute: () => 1 }])).toThrow('at index 1')
  })
})

describe('approvals of the AI SDK', () => {
  const pay = tool({
    inputSchema: z.object({ cents: z.number() }),
    needsApproval: true,
    execute: ({ cents }) => `paid ${cents}`,
  })
  const outcomeOf = async (toolApproval: AiSdkToolApproval | undefined) => {
    const onApproval = vi.fn<() => { reject: string }>(() => ({ reject: 'no' }))
    const tools = fromAiSdkTools({ pay }, { toolApproval })
    const outcome = await callTool(tools, 'pay', { input: { cents: 5 }, onApproval }).catch(
      (error: Error) => error.message,
    )
    return { outcome, asked: onApproval.mock.calls.length }
  }
  test.each<[string, AiSdkToolApproval | undefined, string, number]>([
    ['needsApproval of the tool', undefined, 'The call of pay was rejected: no', 1],
    ['a status that precedes it', { pay: 'approved' }, 'paid 5', 0],
    ['a denial', { pay: { type: 'denied', reason: 'not on Sundays' } }, 'not on Sundays', 0],
    [
      'a function of the tool',
      { pay: ({ cents }: { cents: number }) => (cents > 1 ? 'user-approval' : undefined) },
      'The call of pay was rejected: no',
      1,
    ],
    [
      'a function for all',
      ({ toolCall }: { toolCall: { toolName: string } }) => (toolCall.toolName === 'pay' ? 'not-applicable' : 'denied'),
      'paid 5',
      0,
    ],
  ])('follow %s', { tags: ['FW-2'] }, async (_, toolApproval, outcome, asked) => {
    expect(await outcomeOf(toolApproval)).toEqual({ outcome, asked })
  })
})

test('tools get the context that their framework would give them', { tags: ['FW-2'] }, async () => {
  const aiSdk = fromAiSdkTools(
    {
      who: tool({
        inputSchema: anyInput,
        contextSchema: z.object({ user: z.string() }),
        execute: (_, { context }) => context.user,
      }),
    },
    { toolsContext: { who: { user: 'ada' } } },
  )
  const options = {
    name: 'who',
    description: 'd',
    parameters: anyInput,
    execute: (_: unknown, run?: { context: unknown }) => (run!.context as { user: string }).user,
  }
  expect(await callTool(aiSdk, 'who')).toBe('ada')
  expect(await callTool(fromOpenAITools([options]), 'who', { context: { user: 'eve' } })).toBe('eve')
  expect(await callTool(fromOpenAITools([openaiTool(options)], { context: { user: 'ada' } }), 'who')).toBe('ada')
})

test(
  'tools of OpenAI Agents that are not enabled fail, and those with guardrails are refused',
  { tags: ['FW-2'] },
  async () => {
    const options = {
      name: 'wipe',
      description: 'd',
      parameters: anyInput,
      execute: () => 'wiped',
      errorFunction: null,
    }
    const disabled = [
      { ...options, isEnabled: false },
      { ...options, isEnabled },
      openaiTool({ ...options, isEnabled }),
    ]
    for (const definition of disabled) {
      await expect(callTool(fromOpenAITools([definition]), 'wipe')).rejects.toThrow('wipe is not enabled')
    }
    const enabled = fromOpenAITools([openaiTool({ ...options, isEnabled })], { context: 'admin' })
    expect(await callTool(enabled, 'wipe')).toBe('wiped')
    expect(() => fromOpenAITools([{ ...options, inputGuardrails: [{}] }])).toThrow("'wipe' has guardrails")
  },
)

test(
  'a hand-written JSON Schema of Anthropic is checked, since betaTool() checks nothing',
  { tags: ['FW-2'] },
  async () => {
    const tools = fromAnthropicTools([
      betaTool({
        name: 'greet',
        description: 'd',
        inputSchema: {
          type: 'object',
          properties: { who: { type: 'string' }, times: { type: 'integer', default: 2 } },
          required: ['who', 'times'],
        },
        run: ({ who }) => `hi ${who}`,
      }),
    ])
    await expect(callTool(tools, 'greet', { input: { who: 7, times: 1 } })).rejects.toThrow('input.who')
    await expect(callTool(tools, 'greet', { input: { who: 'Ada' } })).rejects.toThrow('the property "times"')
    expect(await callTool(tools, 'greet', { input: { who: 'Ada', times: 1 } })).toBe('hi Ada')
  },
)

describe('an MCP client', () => {
  const pages: Record<
    string,
    { tools: { name: string; inputSchema: object; annotations?: object }[]; nextCursor?: string }
  > = {
    first: {
      tools: [{ name: 'read', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }],
      nextCursor: 'second',
    },
    second: {
      tools: [
        { name: 'wipe', inputSchema: { type: 'object' }, annotations: { destructiveHint: true } },
        { name: 'old', inputSchema: { type: 'object' } },
      ],
    },
  }
  const client: McpClient = {
    listTools: async ({ cursor = 'first' } = {}) => pages[cursor]!,
    callTool: async ({ name }) =>
      name === 'read'
        ? { content: [{ type: 'text', text: 'x' }], structuredContent: { lines: 3 } }
        : { content: [{ type: 'image', data: 'AA==' }] },
  }

  test(
    'gives the tools of all pages, in a namespace, without those that are left out',
    { tags: ['FW-2'] },
    async () => {
      const tools = await fromMcpClient(client, { namespace: 'disk', include: ({ name }) => name !== 'old' })
      expect(Object.entries(tools).map(([name, { annotations }]) => [name, annotations])).toEqual([
        ['disk.read', { readOnly: true }],
        ['disk.wipe', { destructive: true }],
      ])
      expect(await callTool(tools, 'disk.read')).toEqual({ lines: 3 })
      expect(await callTool(tools, 'disk.wipe')).toEqual([{ type: 'image', data: 'AA==' }])
    },
  )

  test('lets approvals depend on the hints of the server', { tags: ['FW-2'] }, async () => {
    const tools = await fromMcpClient(client, {
      requiresApproval: ({ annotations }) => annotations?.readOnlyHint !== true,
    })
    expect(await callTool(tools, 'read', { onApproval: keep })).toEqual({ lines: 3 })
    await expect(callTool(tools, 'wipe', { onApproval: keep })).rejects.toThrow('keep it')
  })
})
