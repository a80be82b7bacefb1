import { expect, test } from 'vitest'

import { ExecutionError, type Codemode } from '@codemode/client'

import { api, connect, replayOf } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

const errorReturned = { code: 'ERROR_RETURNED', message: expect.stringContaining('throw it') as string }

test.each([
  'return new Error("no such user")',
  'new TypeError("last expression")',
  'return Promise.resolve(new (class extends Error {})("mine"))',
  'try { null.x } catch (error) { return error }',
  'return new DOMException("stopped", "AbortError")',
  'return new AggregateError([])',
  'return Object.assign(new Error("x"), { toJSON: () => "mine" })',
  'return Object.setPrototypeOf(new Error("x"), null)',
])('an Error as the whole value is delivered as data, with a warning: %s', { tags: ['EX-1'] }, async (code) => {
  const result = await suite.codemode.run(code)
  expect(result).toMatchObject({ success: true, warnings: [errorReturned] })
})

test.each([
  'return { ok: false, error: new Error("x") }',
  'return [new Error("x")]',
  'return Promise.allSettled([Promise.reject(new Error("x"))])',
  'return { name: "Error", message: "x" }',
  'return Object.setPrototypeOf([1], Error.prototype)',
  'return Object.setPrototypeOf(new Error("x"), Object.prototype)',
  'return 1',
])('%s gives no warning', { tags: ['EX-1'] }, async (code) => {
  expect(await suite.codemode.run(code)).toMatchObject({ success: true, warnings: [] })
})

test('a thrown error is a failure, without a warning', { tags: ['EX-1'] }, async () => {
  expect(await suite.codemode.run('throw new Error("x")')).toMatchObject({ success: false, warnings: [] })
})

test(
  'a ToolError that is returned is data with its tool, its code and whether it is retryable',
  { tags: ['EX-1'] },
  async () => {
    suite.codemode.registerTool('fail', () => {
      throw Object.assign(new Error('no such order'), { code: 'NOT_THERE', retryable: true, data: { id: 7 } })
    })
    const error = {
      name: 'ToolError',
      message: 'no such order',
      code: 'NOT_THERE',
      tool: 'fail',
      retryable: true,
      data: { id: 7 },
    }
    const code = `
    const [one] = await Promise.allSettled([tools.fail()])
    return { one, all: await Promise.any([tools.fail()]).catch((all) => all) }`
    expect(await suite.codemode.executeAsync(code)).toEqual({
      one: { status: 'rejected', reason: error },
      all: { name: 'AggregateError', message: 'All promises were rejected', errors: [error] },
    })
  },
)

test(
  'record, events and journal contain the warnings, so that a replay has them again',
  { tags: ['GU-1'] },
  async () => {
    const execution = await suite.codemode.submit('return new Error("x")')
    const { warnings } = await execution.wait()
    expect(warnings).toEqual([errorReturned])
    const { body: record } = await api(suite.executor, `/v1/executions/${execution.id}`)
    expect(record.warnings).toEqual(warnings)
    const { body: journal } = await api(suite.executor, `/v1/executions/${execution.id}/journal`)
    expect(journal.entries.at(-1)).toMatchObject({ type: 'turn', effects: { end: { ok: true, warnings } } })
    const forgetful = structuredClone(journal)
    delete forgetful.entries.at(-1).effects.end.warnings
    const replayed = await replayOf([journal, forgetful])
    expect(replayed.exitCode).not.toBe(0)
    expect(replayed.lines[0]).toContain('replayed 1 turns as recorded in the journal')
    expect(replayed.lines.slice(1).join('\n')).toContain('ERROR_RETURNED')
    const told: unknown[] = []
    for await (const event of execution.events()) if (event.type === 'finished') told.push(event.result.warnings)
    expect(told).toEqual([warnings])
  },
)

test('the client passes warnings to its listeners and its logger', { tags: ['GU-1', 'CL-3'] }, async () => {
  const logged: unknown[] = []
  const add = (level: string) => (message: string, fields: object) => void logged.push({ level, message, ...fields })
  const logger = { debug: add('debug'), info: add('info'), warn: add('warn'), error: add('error') }
  await using codemode: Codemode = connect(suite.executor, { logger, logLevel: 'warn' })
  const settled: unknown[] = []
  codemode.on('settle', ({ warnings }) => void settled.push(warnings))
  const { executionId } = await codemode.run('return new Error("x")', { label: 'mine' })
  await codemode.run('return 1')
  expect(settled).toEqual([[errorReturned], []])
  expect(logged).toEqual([
    expect.objectContaining({ level: 'warn', executionId, label: 'mine', warning: errorReturned }),
  ])
})

test('with warningsAsErrors, executeAsync throws for warnings and nothing else', { tags: ['GU-2'] }, async () => {
  await using strict = connect(suite.executor, { warningsAsErrors: true, tools: { echo: (input: unknown) => input } })
  const thrown: unknown = await strict.executeAsync('tools.echo(1)\nreturn 1').catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(ExecutionError)
  const warning = { code: 'CALL_NOT_AWAITED', tool: 'echo', line: 1 }
  expect(thrown).toMatchObject({
    code: 'GUEST_WARNINGS',
    message: expect.stringContaining(
      '(warningsAsErrors):\nCALL_NOT_AWAITED in line 1: Nothing awaited the call',
    ) as string,
    warnings: [warning],
    retryable: false,
  })
  expect(JSON.parse(JSON.stringify(thrown))).toMatchObject({ code: 'GUEST_WARNINGS', warnings: [warning] })
  await expect(strict.executeAsync('await tools.echo(2)')).resolves.toBe(2)
  await expect(strict.executeAsync('return new Error("x")')).rejects.toMatchObject({ code: 'GUEST_WARNINGS' })
  await expect(strict.executeAsync('throw new Error("x")')).rejects.toMatchObject({ code: 'GUEST_ERROR', warnings: [] })
  expect(await strict.run('return new Error("x")')).toMatchObject({ success: true, warnings: [errorReturned] })
})

test('warningsAsErrors of an execution overrides that of the client', { tags: ['GU-2', 'CL-5'] }, async () => {
  const code = 'return new Error("x")'
  await expect(suite.codemode.executeAsync(code)).resolves.toMatchObject({ message: 'x' })
  await expect(suite.codemode.executeAsync(code, { warningsAsErrors: true })).rejects.toMatchObject({
    code: 'GUEST_WARNINGS',
  })
  await using strict = connect(suite.executor, { warningsAsErrors: true })
  await expect(strict.executeAsync(code, { warningsAsErrors: false })).resolves.toMatchObject({ message: 'x' })
})

test.each<[string, string]>([
  ['Promise.reject(new Error("It is gone."))', 'handles it: Error: It is gone. Await the promise'],
  ['Promise.reject(new Error("gone"))', 'handles it: Error: gone. Await the promise'],
  ['Promise.reject("gone.")', 'handles it: gone. Await the promise'],
  ['tools.any(1, 2)', 'tools.any({ … }). Await the promise'],
])('the warning of %s is made of sentences', { tags: ['GU-2'] }, async (code, text) => {
  suite.codemode.registerTool('any', () => 1, { overwrite: true })
  expect(await suite.codemode.run(`${code}\nawait sleep(1)\nreturn 1`)).toMatchObject({
    warnings: [{ code: 'UNHANDLED_REJECTION', message: expect.stringContaining(text) as string }],
  })
})
