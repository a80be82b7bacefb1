/** Program of a user: compiled and run where only the packed packages are installed. */
import { argv, env } from 'node:process'

import { Codemode, ExecutionError, tool, type ClientConfig, type ExecutionResult } from '@codemode/client'
import { fromAiSdkTools, toAiSdkTool, toAiSdkToolCaller } from '@codemode/client/ai-sdk'
import { fromAnthropicTools, toAnthropicTool } from '@codemode/client/anthropic'
import { fromCrewaiTools, toCrewaiTool } from '@codemode/client/crewai'
import { fromMcpClient } from '@codemode/client/mcp'
import { fromOpenAITools, toOpenAITool } from '@codemode/client/openai-agents'
import { z } from 'zod'

const overCallbacks = argv[2] === 'callback'
const config: ClientConfig = {
  executorUrl: env['CODEMODE_EXECUTOR_URL']!,
  executorApiKey: env['CODEMODE_EXECUTOR_API_KEY']!,
  ...(overCallbacks && { toolServer: { port: 0 } }),
  tools: {
    price_of: tool({
      description: 'The price of an article, in cents',
      inputSchema: z.object({ article: z.string() }),
      execute: ({ article }) => article.length * 100,
    }),
    'shop.stock': tool({
      inputSchema: { type: 'object', properties: { article: { type: 'string' } }, required: ['article'] },
      execute: async ({ article }: { article: string }, { signal }) => (signal.aborted ? 0 : article.length),
    }),
  },
}
await using codemode = Codemode.fromClientConfig(config)

const total = await codemode.executeAsync<number>(
  `const articles = ['pen', 'book']
   const prices = await Promise.all(articles.map((article) => tools.price_of({ article })))
   return prices.reduce((sum, cents) => sum + cents, 0) + await tools.shop.stock({ article: 'pen' })`,
)
const outcome: ExecutionResult = await codemode.run('return await tools.price_of({ article: 7 })')
const refused = 'error' in outcome ? outcome.error.message : 'nothing'
const thrown = await codemode.executeAsync('null.x').catch((error: unknown) => error)

// The adapters need no framework, neither to compile nor to run.
const named = { name: 'double', run: (n: number) => 2 * n }
const listed = { name: 'double', inputSchema: { type: 'number' } }
const callTool = async ({ arguments: n }: { arguments?: unknown }) => ({ structuredContent: 2 * (n as number) })
const doubled: number[] = []
for (const tools of [
  fromAiSdkTools({ double: { execute: named.run } }),
  fromAnthropicTools([{ ...named, input_schema: listed.inputSchema }]),
  fromCrewaiTools([named]),
  fromOpenAITools([{ ...named, execute: named.run }]),
  await fromMcpClient({ listTools: async () => ({ tools: [listed] }), callTool }),
]) {
  doubled.push(await codemode.withTools(tools).executeAsync<number>('tools.double(4)'))
}
const offered = [toAiSdkTool, toAiSdkToolCaller, toAnthropicTool, toCrewaiTool, toOpenAITool].map(
  (toTool) => toTool(codemode).description !== '',
)

console.log(
  JSON.stringify({ doubled, offered, total, refused, thrown: thrown instanceof ExecutionError && thrown.errorName }),
)
