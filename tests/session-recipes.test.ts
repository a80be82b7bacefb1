import { afterAll, beforeAll, expect, test } from 'vitest'

import type { RunningExecutor } from '@codemode/executor'
import { api, apiKey, longTimeoutVariables, startExecutor } from '@codemode/testkit'

import { ExampleProgram } from './support/example-program.ts'

let executor: RunningExecutor

beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

const start = (path: string) =>
  new ExampleProgram(path, {
    env: {
      CODEMODE_EXECUTOR_URL: executor.url,
      CODEMODE_EXECUTOR_API_KEY: apiKey,
      ...longTimeoutVariables,
    },
  })

/** Resolves with the status of the last step of the newest session of the command line. */
async function statusOfLastStep(): Promise<unknown> {
  const { body } = await api(executor, '/v1/sessions?label=repl')
  const { body: record } = await api(executor, `/v1/sessions/${body.items[0].sessionId}`)
  return record.stepList.at(-1).status
}

test.each([
  ['incremental-script.ts', '// Step 3 (failed)'],
  ['chat-server.ts', '100 conversations at once'],
  ['parallel-sessions.ts', '5 sessions in parallel'],
])('the recipe %s runs to its end', { tags: ['SE-2', 'SE-3', 'SE-5'] }, async (recipe, text) => {
  await using program = start(`sessions/${recipe}`)
  expect(await program.ended()).toEqual({ code: 0, stderr: '' })
  expect(program.stdout).toContain(text)
})

test('the command line keeps variables, takes several lines, forks, resets and is interrupted', async () => {
  await using program = start('repl/main.ts')
  const enter = async (lines: string, shown: string): Promise<void> => {
    program.write(`${lines}\n`)
    await expect.poll(() => program.stdout).toContain(shown)
    program.stdout = ''
  }
  await enter('function twice(n) {\n  return 2 * n\n}\nlet n = twice(21)\nn', '42')
  await enter('.vars', 'function twice\nlet n')
  await enter('n.a.b', 'TypeError')
  await enter('.fork', 'now in the fork ses_')
  await enter('n += 1', '43')
  program.write('n = 50; await sleep(60_000)\n')
  await expect.poll(statusOfLastStep).toBe('waiting')
  program.interrupt()
  await expect.poll(() => program.stdout).toContain('interrupted')
  await enter('n', '50')
  await enter('.reset', 'started over')
  await enter('typeof n', 'undefined')
  program.endInput()
  expect(await program.ended()).toEqual({ code: 0, stderr: '' })
})

test('the command line runs the lines of a pipe that has ended', async () => {
  await using program = start('repl/main.ts')
  program.write('let n = 20\nn + 22\nn.a.b\n.vars\n')
  program.endInput()
  expect(await program.ended()).toEqual({ code: 0, stderr: '' })
  expect(program.stdout).toMatch(/42\n[\s\S]*TypeError[\s\S]*let n\n/)
})
