/**
 * An agent by hand: a loop around any chat API with tools. The model gets one tool, run_code, and writes a program that calls the
 * real tools. A scripted model stands in for a language model: its first program has a mistake, which it corrects by the hint.
 */
import assert from 'node:assert/strict'
import { env } from 'node:process'

import { Codemode, formatError, tool } from '@codemode/client'
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
const runCode = codemode.asTool()
const { name, description, inputSchema: parameters } = runCode
const tools = [{ type: 'function', function: { name, description, parameters } }]
const messages: Message[] = [
  { role: 'system', content: codemode.prompt() },
  { role: 'user', content: 'What do all orders of ada cost?' },
]
for (;;) {
  const message = await complete({ messages, tools })
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

/** Message of a conversation, in the form of chat completion APIs. */
interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string
  readonly tool_calls?: readonly { readonly id: string; readonly function: { name: string; arguments: string } }[]
  readonly tool_call_id?: string
}

/** Stands in for the API of a language model. */
async function complete({ messages }: { messages: readonly Message[]; tools: readonly unknown[] }): Promise<Message> {
  const last = messages.at(-1)!.content
  const sum = /Value:\n(\d+)/.exec(last)?.[1]
  if (sum !== undefined) return { role: 'assistant', content: `The orders cost ${sum} cents.` }
  const code = last.includes('Tools are called through tools: await tools.list_orders')
    ? `const orders = await tools.list_orders({ customer: 'ada' }); return orders.reduce((sum, { cents }) => sum + cents, 0)`
    : `const orders = await list_orders({ customer: 'ada' }); return orders.length`
  const call = { id: `call_${messages.length}`, function: { name: 'run_code', arguments: JSON.stringify({ code }) } }
  return { role: 'assistant', content: '', tool_calls: [call] }
}
