import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { inspect } from 'node:util'

import { Codemode } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

import { apiKey, startExecutor } from '@codemode/testkit'

let executor: RunningExecutor
const folder = mkdtempSync(join(tmpdir(), 'codemode-'))
beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(async () => {
  await executor.close()
  rmSync(folder, { recursive: true })
})

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

function setVariables(variables: Readonly<Record<string, string>>): void {
  Object.assign(env, variables)
  onTestFinished(() => {
    for (const name of Object.keys(variables)) delete env[name]
  })
}

test('fromConfig merges a file, the environment over it, and arguments over both', { tags: ['CL-5'] }, async () => {
  write('tools.mjs', 'export default { double: ({ n }) => 2 * n }')
  const path = write(
    'codemode.yaml',
    `
executorUrl: http://127.0.0.1:1
executorApiKey: \${MY_KEY}
executionTimeoutMs: 20000
cpuTimeoutMs: \${CPU_MS:-4000}
toolsModule: ./tools.mjs
`,
  )
  setVariables({ MY_KEY: apiKey, CODEMODE_EXECUTOR_URL: executor.url, CODEMODE_EXECUTION_TIMEOUT_MS: '200' })
  await using codemode = await Codemode.fromConfig(path, { cpuTimeoutMs: 150, tools: { half: ({ n }) => n / 2 } })
  const long = { executionTimeoutMs: 20_000 }
  const both = 'await tools.half({ n: await tools.double({ n: 21 }) })'
  expect(await codemode.executeAsync(both, { ...long, cpuTimeoutMs: 10_000 })).toBe(21)
  await expect(codemode.executeAsync('await sleep(60_000)')).rejects.toMatchObject({
    layer: 'execution',
    timeoutMs: 200,
  })
  await expect(codemode.executeAsync('for (;;) {}', long)).rejects.toMatchObject({
    layer: 'cpu',
    timeoutMs: 150,
  })
  expect(inspect(codemode)).toContain("executorApiKey: '[redacted]'")
  expect(JSON.stringify(codemode)).not.toContain(apiKey)
})

const compiled = `Object.defineProperty(exports, '__esModule', { value: true })\n`
test.each([
  ['export const tools = { two: () => 2 }', 'mjs'],
  ['export default { two: { execute: () => 2 } }', 'mjs'],
  ['module.exports = { two: () => 2 }', 'cjs'],
  ['module.exports = { tools: { two: () => 2 } }', 'cjs'],
  ['exports.two = () => 2', 'cjs'],
  ['exports.tools = { two: () => 2 }', 'cjs'],
  [`${compiled}exports.default = { two: () => 2 }`, 'cjs'],
  [`${compiled}exports.tools = { two: () => 2 }`, 'cjs'],
])('a tools module may be %j', { tags: ['CL-5'] }, async (text, extension) => {
  const toolsModule = write(`two-${text.length}.${extension}`, text)
  await using codemode = Codemode.fromClientConfig({ executorUrl: executor.url, executorApiKey: apiKey, toolsModule })
  expect(await codemode.executeAsync('await tools.two()')).toBe(2)
})

test.each([
  ['export default 5', 'must export an object of tools'],
  ["throw new TypeError('no database')", "can't be loaded: TypeError: no database"],
  ["import 'no-such-package'", "can't be loaded: it, or a module that it imports, was not found"],
  ['export default { two: 2 }', 'has no handler'],
])(
  'fromConfig refuses the tools module %j before the code runs, with a correct one',
  { tags: ['CL-5'] },
  async (text, problem) => {
    const toolsModule = write(`wrong-${text.length}.mjs`, text)
    await using codemode = Codemode.fromClientConfig({ executorUrl: executor.url, executorApiKey: apiKey, toolsModule })
    for (const method of ['executeAsync', 'submit'] as const) {
      const error: unknown = await codemode[method]('2 + 2').catch((error: unknown) => error)
      expect(error).toMatchObject({ name: 'ConfigurationError', message: expect.stringContaining(problem) as string })
      expect((error as Error).message).not.toContain(folder)
    }
  },
)

test('the error names each wrong option by its source, with the corrected line', { tags: ['CL-5'] }, async () => {
  const path = write(
    'wrong.yaml',
    `executorUrl: ${executor.url}\nexecutorApiKey: \${MY_KEY}\nretry:\n  maxAtempts: 3\n`,
  )
  await expect(Codemode.fromConfig(path)).rejects.toThrow('the variable MY_KEY is not set')
  setVariables({ MY_KEY: apiKey, CODEMODE_CPU_TIMEOUT_MS: '5s' })
  const error: unknown = await Codemode.fromConfig(path).catch((error: unknown) => error)
  expect((error as Error).message).toContain('retry.maxAtempts (in wrong.yaml:4); did you mean maxAttempts?')
  expect((error as Error).message).toContain('CODEMODE_CPU_TIMEOUT_MS=5000')
  expect(inspect(error)).not.toContain(apiKey)
})
