import { fromMcpClient } from '@codemode/client/mcp'
import { Client, InMemoryTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport as InMemoryTransportV1 } from '@modelcontextprotocol/sdk/inMemory.js'
import { McpServer as McpServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'

import type { Adapter, Definition } from './definition.ts'

const identity = { name: 'suite', version: '1.0.0' }
const contentOf = (text: string) => ({ content: [{ type: 'text' as const, text }] })

function serverOf(definitions: readonly Definition[]): McpServer {
  const server = new McpServer(identity)
  for (const { name, schema, run } of definitions) {
    server.registerTool(name, { description: name, inputSchema: schema }, async (input, context) =>
      contentOf(await run(input, context.mcpReq.signal)),
    )
  }
  return server
}

export const mcp: Adapter = {
  adapter: 'MCP, version 2 of the SDK, 2025-11-25',
  takesTransforms: true,
  async toTools(definitions) {
    const [near, far] = InMemoryTransport.createLinkedPair()
    await serverOf(definitions).connect(far)
    const client = new Client(identity)
    await client.connect(near)
    return fromMcpClient(client)
  },
}

export const mcpOverHttp: Adapter = {
  adapter: 'MCP, version 2 of the SDK, 2026-07-28 over HTTP',
  takesTransforms: true,
  async toTools(definitions) {
    const handler = createMcpHandler(() => serverOf(definitions))
    const client = new Client(identity, { versionNegotiation: { mode: 'auto' } })
    const fetch = (url: URL | string, init?: RequestInit) => handler.fetch(new Request(url, init))
    await client.connect(new StreamableHTTPClientTransport(new URL('http://suite.test/mcp'), { fetch }))
    return fromMcpClient(client)
  },
}

export const mcpV1: Adapter = {
  adapter: 'MCP, version 1 of the SDK',
  takesTransforms: true,
  async toTools(definitions) {
    const [near, far] = InMemoryTransportV1.createLinkedPair()
    const server = new McpServerV1(identity)
    for (const { name, schema, run } of definitions) {
      server.registerTool(name, { description: name, inputSchema: schema }, async (input: unknown, { signal }) =>
        contentOf(await run(input, signal)),
      )
    }
    await server.connect(far)
    const client = new ClientV1(identity)
    await client.connect(near)
    return fromMcpClient(client)
  },
}
