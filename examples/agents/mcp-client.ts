/**
 * An agent whose only tools are those of an MCP server that runs code. The server is in this process here; an agent elsewhere
 * starts `codemode mcp`, or connects to it over HTTP. A scripted model stands in for a language model.
 */
import assert from 'node:assert/strict'
import { env } from 'node:process'

import { Codemode } from '@codemode/client'
import { mcpServerFactory } from '@codemode/client/mcp-server'
import { Client, InMemoryTransport } from '@modelcontextprotocol/client'
import * as sdk from '@modelcontextprotocol/server'

const prices: Record<string, number> = { pen: 2, book: 12 }
await using codemode = Codemode.fromClientConfig({
  executorUrl: env['CODEMODE_EXECUTOR_URL'] ?? 'http://localhost:8001',
  executorApiKey: env['CODEMODE_EXECUTOR_API_KEY'],
  tools: { price_of: ({ item }: { item: string }) => prices[item] ?? null },
})

const [clientSide, serverSide] = InMemoryTransport.createLinkedPair()
const server = await mcpServerFactory(sdk, codemode)()
await server.connect(serverSide)
const client = new Client({ name: 'agent', version: '1.0.0' })
await client.connect(clientSide)

/** Stands in for a language model: returns the next call of a tool, or the answer. */
function model(results: readonly string[]): { name: string; input: Record<string, unknown> } | { answer: string } {
  const [first, second, third] = results
  if (first === undefined) {
    return { name: 'run_code', input: { code: `const items = ['pen', 'book', 'ink']`, sessionId: 'new' } }
  }
  const sessionId = /ses_[\w-]+/.exec(first)![0]
  const prices = 'const prices = await Promise.all(items.map((item) => tools.price_of({ item })))'
  if (second === undefined) {
    return {
      name: 'run_code',
      input: { sessionId, code: `${prices}\nif (prices.includes(null)) throw new Error('no price')` },
    }
  }
  // The code failed: the model reads the error, and goes on with the variables that are there.
  if (third === undefined) {
    assert.match(second, /no price/)
    return { name: 'run_code', input: { sessionId, code: 'prices.reduce((sum, price) => sum + (price ?? 0), 0)' } }
  }
  return { answer: `The sum is ${/Value:\n(.+)/.exec(third)![1]}.` }
}

const { tools } = await client.listTools()
const results: string[] = []
let step = model(results)
while ('name' in step) {
  const { name, input } = step
  assert.ok(tools.some((tool) => tool.name === name))
  const { content } = await client.callTool({ name, arguments: input })
  results.push(content.map((block) => (block.type === 'text' ? block.text : '')).join('\n'))
  step = model(results)
}
assert.equal(step.answer, 'The sum is 14.')
console.log(step.answer)
await client.close()
