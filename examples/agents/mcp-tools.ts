/**
 * The tools of an MCP server, called by code. The server is in this process here; any connected client works, of version 1 and of
 * version 2 of the SDK, over HTTP as over standard input and output.
 */
import assert from 'node:assert/strict'
import { env } from 'node:process'

import { Codemode } from '@codemode/client'
import { fromMcpClient } from '@codemode/client/mcp'
import { Client, InMemoryTransport } from '@modelcontextprotocol/client'
import { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

const issues = [
  { id: 1, title: 'Slow start', open: true },
  { id: 2, title: 'Typo', open: false },
  { id: 3, title: 'Crash on exit', open: true },
]
const issue = z.object({ id: z.int(), title: z.string(), open: z.boolean() })

const server = new McpServer({ name: 'issues', version: '1.0.0' })
server.registerTool(
  'list-issues',
  {
    description: 'All issues',
    inputSchema: z.object({}),
    outputSchema: z.object({ issues: z.array(issue) }),
    annotations: { readOnlyHint: true },
  },
  async () => ({ content: [], structuredContent: { issues } }),
)
server.registerTool(
  'close-issue',
  { description: 'Closes an issue', inputSchema: z.object({ id: z.int() }) },
  async ({ id }) => {
    const found = issues.find((each) => each.id === id && each.open)
    if (found === undefined) return { content: [{ type: 'text', text: `no open issue ${id}` }], isError: true }
    found.open = false
    return { content: [{ type: 'text', text: `closed ${found.title}` }] }
  },
)

const [clientSide, serverSide] = InMemoryTransport.createLinkedPair()
await server.connect(serverSide)
const client = new Client({ name: 'recipe', version: '1.0.0' })
await client.connect(clientSide)

await using codemode = Codemode.fromClientConfig({
  executorUrl: env['CODEMODE_EXECUTOR_URL'] ?? 'http://localhost:8001',
  executorApiKey: env['CODEMODE_EXECUTOR_API_KEY'],
  tools: await fromMcpClient(client, {
    namespace: 'tracker',
    // Whatever changes something is approved; this recipe has a rule in place of a person.
    requiresApproval: ({ annotations }) => annotations?.readOnlyHint !== true,
  }),
  onApproval: ({ input }) => (isOne(input) ? { reject: 'issue 1 stays open' } : { approve: true }),
})

const outcome = await codemode.executeAsync(`
  const { issues } = await tools.tracker.list_issues({})
  const close = ({ id }) => tools.tracker.close_issue({ id }).catch(({ message }) => message)
  return Promise.all(issues.map(close))`)
assert.deepEqual(outcome, [
  'The call of tracker.close_issue was rejected: issue 1 stays open',
  'no open issue 2',
  'closed Crash on exit',
])
console.log(outcome)
await client.close()

function isOne(input: unknown): boolean {
  return (input as { readonly id: number }).id === 1
}
