import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env as environment, execPath } from 'node:process'
import { promisify } from 'node:util'

import type { RunningExecutor } from '@codemode/executor'
import { apiKey, clientProgram, startExecutor } from '@codemode/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { ClientCommand, type CommandOutput } from '../support/client-command.ts'

/** Tools module; the tool `hang` says when it is called, and when its call is cancelled. */
const tools = `export default {
  double: ({ n }) => 2 * n,
  loud: () => console.log('the tool says something'),
  hang: (_, { signal }) => {
    process.stderr.write('called\\n')
    return new Promise(() => signal.addEventListener('abort', () => process.stderr.write('cancelled\\n')))
  },
}`

let executor: RunningExecutor
let folder: string
let env: Record<string, string>

beforeAll(async () => {
  executor = await startExecutor()
  folder = await mkdtemp(join(tmpdir(), 'codemode-command-'))
  env = { CODEMODE_EXECUTOR_URL: executor.url, CODEMODE_EXECUTOR_API_KEY: apiKey }
  const project = join(folder, 'project')
  await mkdir(project)
  await writeFile(join(project, 'tools.js'), tools)
  await writeFile(
    join(project, 'code.ts'),
    'const n: number = input.n\nconsole.log("n is", n)\nawait tools.loud({})\nawait tools.double({ n })',
  )
  const lines = ['executorUrl: ${URL}', 'executorApiKey: ${KEY}', 'toolsModule: ./tools.js']
  await writeFile(join(project, 'codemode.yaml'), lines.join('\n'))
})
afterAll(async () => {
  await executor?.close({ drainMs: 0 })
  await rm(folder, { recursive: true, force: true })
})

const run = (args: string[], options: { input?: string; env?: Record<string, string>; cwd?: string } = {}) =>
  new ClientCommand(args, { env, cwd: folder, ...options }).ended

test(
  'a file runs with the configuration file and the tools of its folder; a pipe gets JSON',
  { tags: ['CL-5'] },
  async () => {
    const { exitCode, stdout, stderr } = await run(['run', '--input', '{"n":21}', 'code.ts'], {
      cwd: join(folder, 'project'),
      env: { URL: executor.url, KEY: apiKey },
    })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: 'the tool says something\n' })
    expect(stdout.endsWith('}\n')).toBe(true)
    expect(JSON.parse(stdout)).toMatchObject({
      success: true,
      result: 42,
      logs: [{ text: 'n is 21' }],
      toolCalls: [{ tool: 'loud' }, { tool: 'double', status: 'completed' }],
    })
  },
)

test('code from standard input fails with its line, as JSON and as text', { tags: ['EX-8'] }, async () => {
  const input = 'console.log("\\u001b[31mred")\nnull.x'
  const [json, shown] = await Promise.all([
    run(['run'], { input }),
    run(['run', '--no-json', '--progress', '-'], { input }),
  ])
  expect(json).toMatchObject({ exitCode: 1, stderr: `TypeError: Cannot read properties of null (reading 'x')\n` })
  expect(JSON.parse(json.stdout)).toMatchObject({ success: false, error: { code: 'GUEST_ERROR' } })
  expect(shown).toMatchObject({ exitCode: 1, stdout: '' })
  expect(shown.stderr).toContain('at code:2:6')
  // Text of the code can't control the terminal.
  expect(shown.stderr).toContain('\\u{1b}[31mred\n')
})

test('a terminal gets the value, the console output and each tool call', async () => {
  const code = `console.log('working')\nreturn { double: await tools.double({ n: 4 }) }`
  const file = join(folder, 'project', 'shown.js')
  await writeFile(file, code)
  const command = `'${execPath}' ${clientProgram.map((word) => `'${word}'`).join(' ')} run shown.js`
  const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], {
    cwd: join(folder, 'project'),
    env: { URL: executor.url, KEY: apiKey, SHELL: '/bin/sh', PATH: environment['PATH']! },
  })
  expect(stdout.replaceAll('\r', '')).toMatch(/^working\ntools\.double \(\d+ ms\)\n\{\n {2}"double": 8\n\}\n$/)
})

test('Ctrl+C cancels the code and its tool calls', { tags: ['EX-9'] }, async () => {
  const command = new ClientCommand(['run', '--timeout', '300000', '--progress'], {
    env: { URL: executor.url, KEY: apiKey },
    cwd: join(folder, 'project'),
    input: 'await tools.hang({})',
  })
  await expect.poll(() => command.stderr).toBe('called\n')
  command.interrupt()
  expect(await command.ended).toMatchObject({ exitCode: 130, stdout: '' })
  expect(command.stderr).toMatch(/^called\ncancelled\n/)
})

const oneLine = /^[^\n]+\n$/

test.each<{ problem: string; args: string[]; exitCode: number; text: string; env?: Record<string, string> }>([
  {
    problem: 'an unknown option',
    args: ['run', '--jsn'],
    exitCode: 2,
    text: 'has no option --jsn. Did you mean --json?',
  },
  {
    problem: 'a missing file',
    args: ['run', 'nowhere.js'],
    exitCode: 2,
    text: "nowhere.js can't be read: there is no such file",
  },
  {
    problem: 'an executor that is not there',
    args: ['run'],
    exitCode: 4,
    text: 'CONNECTION_FAILED: The executor at http://127.0.0.1:9 could not be reached: ECONNREFUSED',
    env: { CODEMODE_EXECUTOR_URL: 'http://127.0.0.1:9', CODEMODE_EXECUTOR_API_KEY: apiKey },
  },
  {
    problem: 'an MCP server for other machines without a token',
    args: ['mcp', '--http', '0', '--host', '0.0.0.0'],
    exitCode: 2,
    text: 'set CODEMODE_MCP_TOKEN',
  },
  {
    problem: 'a missing MCP package',
    args: ['mcp'],
    exitCode: 2,
    text: 'needs the package @modelcontextprotocol/server',
  },
])('$problem gives one line that says what to do', async ({ args, exitCode, text, env: variables }) => {
  const output: CommandOutput = await run(args, { input: '1', ...(variables && { env: variables }) })
  expect(output).toEqual({ exitCode, stdout: '', stderr: expect.stringMatching(oneLine) })
  expect(output.stderr).toContain(text)
  expect(output.stderr).not.toContain(apiKey)
})

test('a missing option of the configuration shows the correction', { tags: ['CL-5'] }, async () => {
  const { exitCode, stderr } = await run(['run'], { input: '1', env: {} })
  expect(exitCode).toBe(2)
  expect(stderr).toContain('CODEMODE_EXECUTOR_URL=http://localhost:8001')
})
