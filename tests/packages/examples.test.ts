// The examples in a project of their own outside of the workspace, with the packages that a user would install.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import type { RunningExecutor } from '@codemode/executor'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { apiKey, longTimeoutVariables, startExecutor } from '@codemode/testkit'
import { compile, install } from './installed.ts'
import { pack } from './packed.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Folders of examples but those that start an executor of the repository. */
const folders = readdirSync(join(root, 'examples')).filter((name) => name !== 'demo' && name !== 'tracing')
const programs = folders.flatMap((folder) => programsIn(folder))
const run = promisify(execFile)

let project: string
let executor: RunningExecutor

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'codemode-examples-'))
  project = join(folder, 'project')
  executor = await startExecutor()
  const tarballs = await pack(['@codemode/shared', '@codemode/client'], folder)
  const devDependencies = {
    ...versionsIn('package.json', ['@hono/node-server', '@types/node', 'acorn', 'hono']),
    ...versionsIn('examples/agents/package.json'),
  }
  await install(project, { tarballs, node: execPath, devDependencies })
  for (const name of folders) await cp(join(root, 'examples', name), join(project, name), { recursive: true, filter })
})
afterAll(async () => {
  await executor?.close({ drainMs: 0 })
  await rm(join(project, '..'), { recursive: true })
})

test('compile strictly, with the modules that the project has', { tags: ['OP-4'] }, async () => {
  const options = { strict: true, noEmit: true, target: 'es2024', lib: ['es2024', 'esnext.disposable'] }
  const modules = { module: 'nodenext', allowImportingTsExtensions: true, skipLibCheck: true }
  expect(await compile(programs, project, { ...options, ...modules })).toBe('')
})

test.each(programsIn('recipes'))('%s runs without an error', { tags: ['OP-4'] }, async (program) => {
  expect(await runProgram(program)).toEqual({ stderr: '', stdout: expect.stringMatching(/./) })
})

test.each([
  ['agents/ai-sdk.ts', 'I have ordered the missing books.'],
  ['agents/mcp-tools.ts', 'closed Crash on exit'],
  ['agents/mcp-client.ts', 'The sum is 14.'],
  ['agents/crew.ts', 'the cheapest trip is to Rome'],
])('%s runs to its end', { tags: ['FW-1', 'FW-2'] }, async (program, text) => {
  expect(await runProgram(program)).toEqual({ stderr: '', stdout: expect.stringContaining(text) })
})

function programsIn(folder: string): string[] {
  const names = readdirSync(join(root, 'examples', folder)).filter((name) => name.endsWith('.ts'))
  return names.map((name) => `${folder}/${name}`)
}

/** Returns the versions of packages, by default of all, that a manifest of the repository names. */
function versionsIn(manifest: string, names?: readonly string[]): Record<string, string> {
  const { devDependencies } = JSON.parse(readFileSync(join(root, manifest), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  return Object.fromEntries((names ?? Object.keys(devDependencies)).map((name) => [name, devDependencies[name]!]))
}

const filter = (path: string) => !path.includes('node_modules')

function runProgram(program: string): Promise<{ stdout: string; stderr: string }> {
  const variables = {
    CODEMODE_EXECUTOR_URL: executor.url,
    CODEMODE_EXECUTOR_API_KEY: apiKey,
    // A hundred executions at once take long on a slow machine.
    ...longTimeoutVariables,
  }
  return run(execPath, [program], { cwd: project, env: variables, timeout: 280_000 })
}
