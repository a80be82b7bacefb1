import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arch, execPath } from 'node:process'
import { promisify } from 'node:util'

import type { RunningExecutor } from '@codemode/executor'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { apiKey, startExecutor } from '@codemode/testkit'
import { bundlers } from './bundlers.ts'
import { compile, compilers, install, nodes, runProgram } from './installed.ts'
import { pack } from './packed.ts'

const run = promisify(execFile)
const { resolve } = createRequire(import.meta.url)
const programs = join(import.meta.dirname, 'programs')
let folder: string
let project: string
/** Folder of what bundlers write, and of a module of tools. */
let output: string
let executor: RunningExecutor

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codemode-hosts-'))
  project = join(folder, 'project')
  executor = await startExecutor()
  const tarballs = await pack(['@codemode/shared', '@codemode/client'], folder)
  await install(project, { tarballs, node: execPath, devDependencies: { '@types/node': nodes[0].types } })
  output = join(folder, 'output')
  await mkdir(output)
  await writeFile(join(output, 'tools.mjs'), 'export default { double: ({ n }) => 2 * n }')
  for (const program of ['bundled.js', 'mock.test.js']) await copyFile(join(programs, program), join(project, program))
})
afterAll(async () => {
  await executor?.close({ drainMs: 0 })
  await rm(folder, { recursive: true })
})

test('the types of the client suit the oldest TypeScript, strictly and with checked libraries', async () => {
  const program = join(project, 'program.ts')
  await copyFile(join(programs, 'program.ts'), program)
  const options = { strict: true, skipLibCheck: false, target: 'es2022', module: 'nodenext', noEmit: true }
  expect(await compile(program, project, { ...options, compiler: compilers.oldest })).toBe('')
})

describe('the client, bundled into one file without packages beside it', () => {
  test.each(bundlers)('by $bundler, runs code, and execute says if it can not', async ({ name, bundle }) => {
    await bundle({ entry: join(project, 'bundled.js'), folder: output, name })
    const variables = {
      CODEMODE_EXECUTOR_URL: executor.url,
      CODEMODE_EXECUTOR_API_KEY: apiKey,
      TOOLS_MODULE: join(output, 'tools.mjs'),
    }
    // The program runs where the packages are not installed.
    await rename(project, `${project}-away`)
    const outcomes: unknown[] = []
    for (const { node } of nodes) outcomes.push(await runProgram([node, join(output, name)], variables))
    await rename(`${project}-away`, project)
    const expected = {
      total: 300,
      loaded: 8,
      blocking: expect.stringMatching(/^execute\(\) can't start its worker thread: a bundler left out the file /),
    }
    expect(outcomes).toEqual(nodes.map(() => expected))
  })
})

test('the client runs code in Deno', async () => {
  const runtime = join(folder, 'deno')
  await install(runtime, { tarballs: [], node: execPath, dependencies: { deno: '2.9.6' } })
  const variables = {
    CODEMODE_EXECUTOR_URL: executor.url,
    CODEMODE_EXECUTOR_API_KEY: apiKey,
    TOOLS_MODULE: join(output, 'tools.mjs'),
    DENO_DIR: join(runtime, 'cache'),
  }
  const deno = join(runtime, 'node_modules/@deno', `linux-${arch}-glibc`, 'deno')
  const program = join(project, 'bundled.js')
  const outcome = await runProgram([deno, 'run', '--allow-all', program], variables)
  expect(outcome).toMatchObject({ total: 300, loaded: 8 })
})

describe.each(nodes)('a unit test with MockExecutor, on Node $version', ({ node }) => {
  test('passes in Jest with modules of ECMAScript', async () => {
    const jest = join(resolve('jest/package.json'), '../bin/jest.js')
    const args = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, '--rootDir', project]
    const { stderr } = await run(node, [...args, '--config', '{"transform":{}}'], { cwd: project })
    expect(stderr).toContain('1 passed, 1 total')
  })

  test('passes in Vitest', async () => {
    const vitest = join(resolve('vitest/package.json'), '../vitest.mjs')
    const { stdout } = await run(node, [vitest, 'run', '--root', project, '--globals', '--reporter=tap'])
    expect(stdout).toMatch(/ok 1 - a program is tested/)
    expect(stdout).not.toContain('not ok')
  })
})
