import { expect, test } from 'vitest'

import { api, replayOf } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const tools = {
  echo: (input: unknown) => input,
  fail: () => Promise.reject(new Error('no stock')),
  slow: () => new Promise<never>(() => {}),
  /** Answers long after the calls before it. */
  later: () => new Promise((resolve) => setTimeout(resolve, 300, null)),
}
const suite = useCodemode({ client: { tools } })

const notAwaited = (line: number, tool = 'echo') => ({ code: 'CALL_NOT_AWAITED', tool, line })

test.each([
  ['tools.echo(1)\nreturn 1', [notAwaited(1)]],
  ['const a = 1\nvoid tools.echo(1)\nawait tools.later()\nreturn a', [notAwaited(2)]],
  ['const pending = tools.echo(1)\nreturn 1', [notAwaited(1)]],
  ['for (const i of [1, 2]) {\n  tools.echo(i)\n}\nreturn 1', [notAwaited(2), notAwaited(2)]],
  ['[1].forEach(async (i) => {\n  await tools.slow(i)\n})\nreturn 1', [notAwaited(2, 'slow')]],
  ['await Promise.race([tools.slow(), sleep(5)])\nreturn 1', [notAwaited(1, 'slow')]],
  ['return [1, 2].map((i) =>\n  tools.echo(i)).length', [notAwaited(2), notAwaited(2)]],
])(
  'a call that nobody awaits, or that the end cancels, is a warning: %s',
  { tags: ['GU-2'] },
  async (code, warnings) => {
    const result = await suite.codemode.run(code)
    expect(result).toMatchObject({ success: true, warnings })
    const { executionId } = result
    expect(result.warnings[0]).toHaveProperty('callId', `${executionId}:1`)
    expect(result.logs).toEqual([])
  },
)

test.each([
  'return tools.echo(1)',
  'await tools.echo(1)\nreturn 1',
  'const pending = tools.echo(1)\nawait sleep(5)\nreturn pending',
  'return Promise.all([1, 2].map(tools.echo))',
  'return Promise.allSettled([tools.fail(), tools.echo(1)])',
  'return tools.fail().catch(() => 1)',
  'return new Promise((resolve) => tools.echo(1).then(resolve))',
  'return (async () => tools.echo(1))()',
  'for await (const each of [tools.echo(1)]) return each',
  'const all = [tools.echo(1)]\nreturn Array.fromAsync(all)',
  'return tools.echo(1).finally(() => {})',
])('a call that is awaited gives no warning: %s', { tags: ['GU-2'] }, async (code) => {
  expect(await suite.codemode.run(code)).toMatchObject({ success: true, warnings: [] })
})

test.each([
  ['tools.fail()\nawait tools.later()\nreturn 1', { line: 1, tool: 'fail' }, 'ToolError: no stock'],
  [
    'await null\nconst lost = tools.echo(1, 2)\nreturn 1',
    { line: 2, tool: 'echo' },
    'ToolError: A tool takes one object',
  ],
  [
    'setTimeout(async () => {\n  throw new TypeError("lost")\n})\nawait sleep(9)\nreturn 1',
    { line: 2 },
    'TypeError: lost',
  ],
  [
    'queueMicrotask(async () => {\n  await null\n  null.x\n})\nreturn 1',
    { line: 3 },
    'TypeError: Cannot read properties',
  ],
  [
    'const target = new EventTarget()\ntarget.addEventListener("a", () => null.x)\ntarget.dispatchEvent(new Event("a"))\nreturn 1',
    { line: 2 },
    'TypeError: Cannot read properties',
  ],
  ['setInterval(async () => { throw "text" }, 1)\nawait sleep(1)\nreturn 1', {}, 'text'],
])('a rejection that nothing handles is a warning: %s', { tags: ['GU-2'] }, async (code, fields, text) => {
  const result = await suite.codemode.run(code)
  const message = expect.stringContaining(`A promise was rejected and nothing handles it: ${text}`) as string
  expect(result).toMatchObject({ success: true, warnings: [{ code: 'UNHANDLED_REJECTION', message, ...fields }] })
})

test('a failed execution has the warnings of its discarded calls', { tags: ['GU-2'] }, async () => {
  expect(await suite.codemode.run('tools.echo(1)\nthrow new Error("x")')).toMatchObject({
    success: false,
    warnings: [notAwaited(1)],
  })
  const all = 'await Promise.all([tools.fail(), tools.slow()])'
  expect(await suite.codemode.run(all)).toMatchObject({ success: false, warnings: [] })
})

test('there are at most 20 warnings, and the last one counts the others', { tags: ['GU-2'] }, async () => {
  const { warnings } = await suite.codemode.run('for (let i = 0; i < 100; i++) tools.echo(i)\nreturn 1')
  expect(warnings).toHaveLength(20)
  expect(warnings[19]!.message).toContain('(80 more warnings are left out)')
})

test('a replay gives the warnings again', { tags: ['GU-2'] }, async () => {
  const code =
    'tools.fail()\nqueueMicrotask(async () => { throw new Error("x") })\nawait tools.later()\ntools.echo(1)\nreturn 1'
  const execution = await suite.codemode.submit(code)
  const { warnings } = await execution.wait()
  expect(warnings.map((each) => each.code)).toEqual(['UNHANDLED_REJECTION', 'UNHANDLED_REJECTION', 'CALL_NOT_AWAITED'])
  const { body: journal } = await api(suite.executor, `/v1/executions/${execution.id}/journal`)
  expect((await replayOf([journal])).exitCode).toBe(0)
})

test('an accessor of a promise shows nothing but the constructor', { tags: ['GU-2'] }, async () => {
  const code = `
    const call = tools.echo(1)
    const seen = [call.constructor === Promise, Object.keys(call), call instanceof Promise, String(call)]
    return [...seen, Object.getOwnPropertyNames(call), await call]`
  expect(await suite.codemode.executeAsync(code)).toEqual([true, [], true, '[object Promise]', [], 1])
})
