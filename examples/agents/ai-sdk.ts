/**
 * An agent of the AI SDK with five tools of the AI SDK. The model has one tool, `run_code`, whose code calls the five: the model is
 * asked twice, where classic tool calling asks it for each step.
 */
import assert from 'node:assert/strict'
import { env } from 'node:process'

import { Codemode } from '@codemode/client'
import { fromAiSdkTools, toAiSdkTool } from '@codemode/client/ai-sdk'
import { isStepCount, tool, ToolLoopAgent } from 'ai'
import { z } from 'zod'

import { scriptedModel } from './scripted-model.ts'

const stock = new Map([
  ['pen', 3],
  ['book', 0],
  ['lamp', 12],
])
const item = z.object({ item: z.string() })

const shop = {
  listItems: tool({ description: 'All items', inputSchema: z.object({}), execute: () => [...stock.keys()] }),
  stockOf: tool({ description: 'Units in stock', inputSchema: item, execute: ({ item }) => stock.get(item) ?? 0 }),
  demandFor: tool({ description: 'Units that are asked for', inputSchema: item, execute: ({ item }) => item.length }),
  supplierOf: tool({ description: 'Supplier of an item', inputSchema: item, execute: ({ item }) => `${item}s Ltd` }),
  order: tool({
    description: 'Orders units from a supplier',
    inputSchema: z.object({ supplier: z.string(), units: z.int().min(1) }),
    execute: ({ supplier, units }) => `ordered ${units} from ${supplier}`,
  }),
}

await using codemode = Codemode.fromClientConfig({
  executorUrl: env['CODEMODE_EXECUTOR_URL'] ?? 'http://localhost:8001',
  executorApiKey: env['CODEMODE_EXECUTOR_API_KEY'],
  tools: fromAiSdkTools(shop),
})

// In place of a paid model: the first answer is a program, the second one the text.
const model = scriptedModel([
  {
    code: `
      const orders = []
      for (const item of await tools.listItems({})) {
        const [inStock, demand] = await Promise.all([tools.stockOf({ item }), tools.demandFor({ item })])
        if (demand <= inStock) continue
        orders.push(await tools.order({ supplier: await tools.supplierOf({ item }), units: demand - inStock }))
      }
      return orders`,
  },
  { text: 'I have ordered the missing books.' },
])

const agent = new ToolLoopAgent({
  model,
  instructions: codemode.prompt(),
  tools: { run_code: toAiSdkTool(codemode) },
  stopWhen: isStepCount(10),
})
const { text, steps } = await agent.generate({ prompt: 'Order what is missing.' })
const [output] = steps.flatMap(({ toolResults }) => toolResults.map((result) => result.output))
assert.match(String(output), /ordered 4 from books Ltd/)
assert.equal(steps.length, 2)
console.log(text)
