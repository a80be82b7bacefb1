/** Servers that npm has and that need no network, with the SDK's client over standard input and output. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'

import { fromMcpClient } from '@codemode/client/mcp'
import type { RunningExecutor } from '@codemode/executor'
import { connect, startExecutor } from '@codemode/testkit'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { compileStrictly } from '../support/compile-strictly.ts'

let executor: RunningExecutor
let folder: string
beforeAll(async () => {
  executor = await startExecutor()
  folder = await mkdtemp(join(tmpdir(), 'codemode-mcp-servers-'))
})
afterAll(async () => {
  await executor?.close({ drainMs: 0 })
  await rm(folder, { recursive: true, force: true })
})

interface PublicServer {
  readonly name: string
  readonly program: string
  readonly args?: (folder: string) => string[]
  readonly env?: (folder: string) => Record<string, string>
  /** Code that calls a tool. Its input is the folder of the test. */
  readonly code: string
  readonly value: unknown
}

const require = createRequire(import.meta.url)
const servers: PublicServer[] = [
  {
    name: 'everything',
    program: require.resolve('@modelcontextprotocol/server-everything/dist/index.js'),
    code: `return tools.everything.get_sum({ a: 2, b: 3 })`,
    value: expect.stringContaining('5'),
  },
  {
    name: 'filesystem',
    program: require.resolve('@modelcontextprotocol/server-filesystem/dist/index.js'),
    args: (root) => [root],
    code: `
      const path = input + '/note.txt'
      await tools.filesystem.write_file({ path, content: 'written by code' })
      return tools.filesystem.read_text_file({ path })`,
    value: { content: 'written by code' },
  },
  {
    name: 'memory',
    program: require.resolve('@modelcontextprotocol/server-memory/dist/index.js'),
    env: (root) => ({ MEMORY_FILE_PATH: join(root, 'memory.jsonl') }),
    code: `
      const entity = { name: 'Ada', entityType: 'person', observations: ['writes programs'] }
      await tools.memory.create_entities({ entities: [entity] })
      return tools.memory.search_nodes({ query: 'programs' })`,
    value: { entities: [{ name: 'Ada' }] },
  },
  {
    name: 'thinking',
    program: require.resolve('@modelcontextprotocol/server-sequential-thinking/dist/index.js'),
    code: `
      const thought = { thought: 'First.', nextThoughtNeeded: true, thoughtNumber: 1, totalThoughts: 2 }
      return tools.thinking.sequentialthinking(thought)`,
    value: { thoughtNumber: 1, totalThoughts: 2 },
  },
  {
    name: 'git',
    program: require.resolve('@cyanheads/git-mcp-server/index.js'),
    code: `return tools.git.git_init({ path: input + '/repository', initialBranch: 'trunk' })`,
    value: { success: true, initialBranch: 'trunk' },
  },
]

/** Starts a server. Resolves with a client that is connected to it; closing it ends the process. */
async function clientOf({ program, args, env }: PublicServer): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(
    new StdioClientTransport({
      command: execPath,
      args: [program, ...(args?.(folder) ?? [])],
      ...(env && { env: env(folder) }),
      cwd: folder,
      stderr: 'ignore',
    }),
  )
  return client
}

test.each(servers)(
  'the tools of the public server $name have declarations that tsc accepts, and code calls them',
  { tags: ['FW-2', 'FW-3'] },
  async (server) => {
    const client = await clientOf(server)
    try {
      const tools = await fromMcpClient(client, { namespace: server.name })
      await using codemode = connect(executor, { tools })
      expect(await compileStrictly(codemode.declarations())).toEqual([])
      expect(await codemode.run(server.code, { input: folder })).toMatchObject({ success: true, result: server.value })
    } finally {
      await client.close()
    }
  },
)
