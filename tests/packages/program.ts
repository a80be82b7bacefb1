/** Program of a user: compiled and run where only the packed packages are installed. */
import { argv, env } from 'node:process'

import { Codemode, ExecutionError, tool, type ClientConfig, type ExecutionResult } from '@codemode/client'
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

console.log(JSON.stringify({ total, refused, thrown: thrown instanceof ExecutionError && thrown.errorName }))
