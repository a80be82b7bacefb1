import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import type { RunningExecutor } from '@codemode/executor'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { apiKey, packageFlags, startExecutor } from '@codemode/testkit'

const folder = new URL('../examples/recipes/', import.meta.url)
const recipes = readdirSync(folder).filter((name) => name.endsWith('.ts'))
const run = promisify(execFile)

let executor: RunningExecutor

beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

test.each(recipes)('the recipe %s runs without an error', async (name) => {
  const { stdout, stderr } = await run(execPath, [...packageFlags, fileURLToPath(new URL(name, folder))], {
    env: { CODEMODE_EXECUTOR_URL: executor.url, CODEMODE_EXECUTOR_API_KEY: apiKey },
    timeout: 100_000,
  })
  expect({ stderr, hasSpoken: stdout.length > 0 }).toEqual({ stderr: '', hasSpoken: true })
})
