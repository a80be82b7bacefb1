// Checks for tools of detached executions, which any process of the client must be able to serve, also after a restart.
import type { ToolServerConfig } from '../config/schema.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import type { ToolRegistry } from './registry.ts'

/** Method for which a callback is made. */
export type SharedServerUse = 'submit' | 'retry' | 'setCallback'

const subjects: Readonly<Record<SharedServerUse, string>> = {
  submit: 'A detached execution with tools',
  retry: 'The retry of a detached execution with tools',
  setCallback: 'setCallback() with the tool server of this client',
}

/** Code that needs no tool server, for the same purpose. */
const alternatives: Readonly<Record<SharedServerUse, string>> = {
  submit: `

// or, if a client serves the tools with codemode.resume(id) when it runs:
codemode.submit(code, { detached: true, servedBy: 'resume' })

// or, for code that calls no tools:
codemode.submit(code, { detached: true, availableTools: [] })`,
  retry: `

// or, if a client serves the tools with codemode.resume(id) when it runs:
codemode.submit(code, { detached: true, servedBy: 'resume' })`,
  setCallback: `

// or, to serve the tools without a tool server:
codemode.resume(execution.id)`,
}

/** Life of a detached execution that sets none, and the longest one, in milliseconds: 7 and 30 days. */
export const detachedLifetimes = { defaultMs: 7 * 86_400_000, maxMs: 30 * 86_400_000 }

/** Returns whether the tool server has a URL that outlives the process, and a secret for other processes. */
export function isShared(config: ToolServerConfig | undefined): boolean {
  return missingFor(config).length === 0
}

/**
 * Throws a ConfigurationError unless the tool server has a URL that outlives the process, and a secret by which other
 * processes verify its calls.
 */
export function requireSharedServer(config: ToolServerConfig | undefined, use: SharedServerUse): void {
  const missing = missingFor(config)
  if (missing.length === 0) return
  const names = missing.map((name) => `toolServer.${name}`).join(' and ')
  throw new ConfigurationError(
    `${subjects[use]} needs ${names}. It may outlive this process, so its tools are called over HTTP at a ` +
      'fixed URL, where any process of your application with the same secret serves them.',
    `Codemode.fromClientConfig({
  …,
  toolServer: { url: 'https://app.example/tools', secret: process.env['CODEMODE_TOOL_SERVER_SECRET'] },
})${alternatives[use]}`,
  )
}

/** Throws a ConfigurationError if one of the named tools is a view's own and not the client's. */
export function refuseToolsOfView(names: readonly string[], view: ToolRegistry, client: ToolRegistry): void {
  const own = toolsOfView(names, view, client)
  if (own.length === 0) return
  throw new ConfigurationError(
    `A detached execution can't have tools of a view (withTools), because no other process has them: ${own.join(', ')}.`,
    `codemode.registerTool('${own[0]}', …)  // in every process; its handler tells users apart by call.context`,
  )
}

/** Returns the names of those tools that are a view's own and not the client's. */
export function toolsOfView(names: readonly string[], view: ToolRegistry, client: ToolRegistry): string[] {
  return names.filter((name) => view.get(name) !== client.get(name))
}

function missingFor(config: ToolServerConfig | undefined): ('url' | 'secret')[] {
  return (['url', 'secret'] as const).filter((name) => config?.[name] === undefined)
}
