import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'

import { clientProgram } from '@codemode/testkit'

import type { ServerAddress } from './mcp-clients.ts'

/** Returns the address of `codemode mcp` over standard input and output, with these options and variables. */
export function mcpCommand(args: readonly string[], env: Record<string, string>): ServerAddress & { command: string } {
  const options = [...clientProgram, 'mcp', ...args]
  const tools = fileURLToPath(new URL('mcp-tools.ts', import.meta.url))
  // The MCP SDK is loaded from the project in the working directory.
  return { command: execPath, args: options, env: { CODEMODE_TOOLS_MODULE: tools, ...env }, cwd: import.meta.dirname }
}

/** Process of `codemode mcp --http`. Disposing it ends it with SIGTERM. */
export class McpHttpProcess implements AsyncDisposable {
  /** URL for clients. */
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  /** Starts the process. Resolves when it listens. */
  static async start(args: readonly string[], env: Record<string, string>): Promise<McpHttpProcess> {
    const {
      command,
      args: all,
      env: variables,
      cwd,
    } = mcpCommand(['--http', '0', ...args], env) as Extract<ServerAddress, { command: string }>
    const child = spawn(command, all, { env: variables, cwd, stdio: ['ignore', 'ignore', 'pipe'] })
    for await (const line of createInterface({ input: child.stderr })) {
      const [, url] = /^codemode mcp ready on (\S+)$/.exec(line) ?? []
      if (url === undefined) continue
      child.stderr.resume()
      return new McpHttpProcess(child, url)
    }
    throw new Error('the process ended before it was ready')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'close')
    this.#child.kill()
    await ended
  }
}
