/** Clients of both generations of the MCP SDK, over both transports, in one form. */
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client'
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'

/** Server to connect to: a URL, which a function may serve, or a command whose input and output are the connection. */
export type ServerAddress =
  | { readonly url: string; readonly token?: string; readonly serve?: (request: Request) => Promise<Response> }
  | { readonly command: string; readonly args: string[]; readonly env: Record<string, string>; readonly cwd: string }

/** Answer of the user of a client to a form. */
export interface UserAnswer {
  action: 'accept' | 'decline' | 'cancel'
  content?: Record<string, boolean>
}

/** Result of a tool, of which tests read the parts that they expect. */
export interface ToolResult {
  readonly content: { readonly type: string; readonly text: string }[]
  readonly structuredContent?: Record<string, unknown>
  readonly isError?: boolean
  readonly _meta?: Record<string, unknown>
}

/** Connected client. */
export interface TestClient extends AsyncDisposable {
  instructions(): string | undefined
  toolNames(): Promise<string[]>
  call(name: string, input: Record<string, unknown>, options?: { signal?: AbortSignal }): Promise<ToolResult>
}

interface ClientOptions {
  /** Called with the message of each form; without it the client has no elicitation. */
  readonly onForm?: (message: string) => UserAnswer
}

const info = { name: 'test', version: '1.0.0' }
const capabilities = ({ onForm }: ClientOptions) => (onForm === undefined ? {} : { elicitation: { form: {} } })
const httpOptions = ({ token, serve }: Extract<ServerAddress, { url: string }>) => ({
  ...(token !== undefined && { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
  ...(serve && { fetch: (url: string | URL, init?: RequestInit) => serve(new Request(url, init)) }),
})

/** Client of `@modelcontextprotocol/sdk`, which speaks the protocol 2025-11-25. */
async function connectV1(server: ServerAddress, options: ClientOptions = {}): Promise<TestClient> {
  const { onForm } = options
  const client = new ClientV1(info, { capabilities: capabilities(options) })
  if (onForm) client.setRequestHandler(ElicitRequestSchema, ({ params }) => ({ ...onForm(params.message) }))
  const transport =
    'url' in server
      ? new HttpV1(new URL(server.url), httpOptions(server))
      : new StdioV1({ ...server, stderr: 'ignore' })
  await client.connect(transport)
  return {
    instructions: () => client.getInstructions(),
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, input, { signal } = {}) =>
      (await client.callTool({ name, arguments: input }, undefined, {
        ...(signal && { signal }),
      })) as unknown as ToolResult,
    [Symbol.asyncDispose]: () => client.close(),
  }
}

/** Client of `@modelcontextprotocol/client`, which speaks the protocol 2026-07-28 with servers that have it. */
async function connectV2(server: ServerAddress, options: ClientOptions = {}): Promise<TestClient> {
  const { onForm } = options
  const client = new ClientV2(info, { capabilities: capabilities(options), versionNegotiation: { mode: 'auto' } })
  if (onForm) client.setRequestHandler('elicitation/create', ({ params }) => ({ ...onForm(params.message) }))
  const transport =
    'url' in server
      ? new HttpV2(new URL(server.url), httpOptions(server))
      : new StdioV2({ ...server, stderr: 'ignore' })
  await client.connect(transport)
  return {
    instructions: () => client.getInstructions(),
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, input, { signal } = {}) =>
      (await client.callTool({ name, arguments: input }, { ...(signal && { signal }) })) as unknown as ToolResult,
    [Symbol.asyncDispose]: () => client.close(),
  }
}

/** Clients by the version of the protocol that they speak with our server. */
export const generations = [
  { protocol: '2025-11-25', connect: connectV1 },
  { protocol: '2026-07-28', connect: connectV2 },
] as const
