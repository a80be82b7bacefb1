/**
 * An agent by hand: a loop around any chat API with tools. The model gets one tool, run_code, and writes a program that calls the
 * real tools. A scripted model stands in for a language model: its first program has a mistake, which it corrects by the hint.
 */
import assert from 'node:assert/strict'
import { env } from 'node:process'

import { Codemode, formatError, tool } from '@codemode/client'
import { ScriptedModel, type ChatMessage } from '@codemode/testkit'
import { z } from 'zod'

await using codemode = Codemode.fromClientConfig({
  executorUrl: env['CODEMODE_EXECUTOR_URL'] ?? '',
  executorApiKey: env['CODEMODE_EXECUTOR_API_KEY'],
  tools: {
    list_orders: tool({
      description: 'Lists the orders of a customer.',
      inputSchema: z.object({ customer: z.string() }),
      outputSchema: z.array(z.object({ id: z.number(), cents: z.number() })),
      execute: () => Array.from({ length: 40 }, (_, i) => ({ id: i + 1, cents: 100 * i })),
    }),
  },
})
const model = new ScriptedModel([
  { code: `const orders = await list_orders({ customer: 'ada' }); return orders.length` },
  (result) => {
    assert.match(result, /Tools are called through tools: await tools\.list_orders/)
    return {
      code: `const orders = await tools.list_orders({ customer: 'ada' }); return orders.reduce((sum, { cents }) => sum + cents, 0)`,
    }
  },
  (result) => ({ text: `The orders cost ${result.match(/Value:\n(\d+)/)![1]} cents.` }),
])

const runCode = codemode.asTool()
const { name, description, inputSchema: parameters } = runCode
const tools = [{ type: 'function', function: { name, description, parameters } }]
const messages: ChatMessage[] = [
  { role: 'system', content: codemode.prompt() },
  { role: 'user', content: 'What do all orders of ada cost?' },
]
for (;;) {
  const message = await model.complete({ messages, tools })
  messages.push(message)
  if (message.tool_calls === undefined) break
  for (const call of message.tool_calls) {
    const { arguments: input } = call.function
    const content = await runCode.execute(input, { signal: AbortSignal.timeout(60_000) }).catch(formatError)
    messages.push({ role: 'tool', tool_call_id: call.id, content })
  }
}

assert.equal(messages.at(-1)?.content, 'The orders cost 78000 cents.')
console.log(messages.at(-1)?.content)
