import { Console } from 'node:console'
import { once } from 'node:events'

import type { Codemode } from '../codemode.ts'
import { mcpHttpHandler } from '../frameworks/mcp-server/mcp-http-handler.ts'
import { mcpServerFactory, type McpServerOptions } from '../frameworks/mcp-server/mcp-server-factory.ts'
import type { McpCommand } from './command-line.ts'
import type { CommandIo } from './command.ts'
import { describeForOperator } from './describe-for-operator.ts'
import { loadMcpSdk, type McpSdk } from './load-mcp-sdk.ts'
import { McpHttpServer } from './mcp-http-server.ts'
import { mcpToken } from './mcp-token.ts'
import { openClient } from './open-client.ts'

/** Maximum number of characters of the rules and declarations that MCP hosts show to the model. */
const instructionsBudget = 8_000

/** Serves MCP clients until the process is asked to end or, over standard input and output, the input ends. */
export async function serveMcp({ config, host, port, approvals }: McpCommand, io: CommandIo): Promise<void> {
  const token = port === undefined ? undefined : mcpToken(host)
  const sdk = loadMcpSdk()
  // Standard output belongs to the protocol, also while tools write to the console.
  Object.assign(console, new Console({ stdout: io.stderr, stderr: io.stderr }))
  await using codemode = await openClient(config)
  await codemode.loadTools()
  const report = (error: unknown): void => void io.stderr.write(`${describeForOperator(error)}\n`)
  const instructions = codemode.prompt({ budget: instructionsBudget })
  const options: McpServerOptions = { approvals, instructions, onError: report }
  if (port === undefined) {
    await serveStdio(sdk, codemode, { ...options, io, report })
    return
  }
  const handler = mcpHttpHandler(sdk, codemode, options)
  const server = await McpHttpServer.listen({ host, port, token, handler, sdk, report })
  io.stderr.write(`codemode mcp ready on ${server.url}\n`)
  await untilAborted(io.signal)
  await handler.close()
  await server.close()
}

async function serveStdio(
  sdk: McpSdk,
  codemode: Codemode,
  { io, report, ...options }: McpServerOptions & { readonly io: CommandIo; report(this: void, error: unknown): void },
): Promise<void> {
  const ended = once(io.stdin, 'close')
  const connection = sdk.serveStdio(mcpServerFactory(sdk, codemode, options), { onerror: report })
  await Promise.race([ended, untilAborted(io.signal)])
  await connection.close()
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
