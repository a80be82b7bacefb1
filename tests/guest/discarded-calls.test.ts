import { setImmediate as nextRound } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { api, replayOf } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const tools = {
  echo: (input: unknown) => input,
  fail: () => Promise.reject(new Error('no stock')),
  slow: () => new Promise<never>(() => {}),
  /** Answers after the calls before it, whose handlers have settled by the next round of the event loop. */
  later: () => nextRound(null),
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

test.each([
  ['Promise.reject(new Error("lost"))\nreturn 1', ['Error: lost']],
  ['(async () => { throw new TypeError("lost") })()\nreturn 1', ['TypeError: lost']],
  ['async function main() { await null; null.x }\nmain()\nreturn 1', ['TypeError: Cannot read properties of null']],
  ['void (async () => { throw new Error("v") })()\nreturn 1', ['Error: v']],
  ['[1, 2].forEach(async (i) => { throw new RangeError("r" + i) })\nreturn 1', ['RangeError: r1', 'RangeError: r2']],
  ['const work = async (i) => { throw new Error("w" + i) }\nnew Set([1]).forEach(work)\nreturn 1', ['Error: w1']],
  ['[1, 2].map(async (i) => { throw new Error("m" + i) })\nreturn 1', ['Error: m1', 'Error: m2']],
  ['const lost = Promise.reject("text")\nreturn 1', ['text']],
  ['let lost\nlost = Promise.reject(null)\nreturn 1', ['null']],
  ['new Promise((_, reject) => reject(new Error("n")))\nreturn 1', ['Error: n']],
  ['Promise.resolve(1).then(() => { throw new Error("t") })\nreturn 1', ['Error: t']],
  [
    'const f = async () => { throw new Error("a") }\ntrue && f()\nfalse ? 1 : f(), 2\nreturn 1',
    ['Error: a', 'Error: a'],
  ],
  ['tools.fail().then(String)\nawait tools.later()\nreturn 1', ['ToolError: no stock']],
  [
    'const f = async (i) => { throw new Error("e" + i) }\nconst all = [f(1), [f(2)]]\nreturn 1',
    ['Error: e1', 'Error: e2'],
  ],
  [
    'const f = async (i) => { throw new Error("o" + i) }\nconst a = { b: f(1) }\nlet c; c ??= f(2)\nreturn 1',
    ['Error: o1', 'Error: o2'],
  ],
  ['const all = []\nfor (const i of [1, 2]) all.push(Promise.reject(i))\nreturn 1', ['1', '2']],
  ['const f = async (i) => { throw new Error("m" + i) }\nnew Map().set(1, f(1))\nreturn 1', ['Error: m1']],
  ['class A { loaded = Promise.reject(new Error("field")) }\nnew A()\nreturn 1', ['Error: field']],
  ['!async function () { throw new Error("not") }()\nreturn 1', ['Error: not']],
  ['const { a } = (async () => { throw new Error("pattern") })()\nreturn 1', ['Error: pattern']],
  ['const f = async () => { throw new Error("init") }\nfor (f(); false;);\nreturn 1', ['Error: init']],
  [
    'class A { async run(): Promise<void> { throw new Error("typed") } }\nconst a: A = new A()\na.run()\nreturn 1',
    ['Error: typed'],
  ],
])('a rejected promise that a statement discards is a warning: %s', { tags: ['GU-2'] }, async (code, errors) => {
  const { success, warnings } = await suite.codemode.run(code)
  expect(success).toBe(true)
  expect(warnings).toMatchObject(
    errors.map((error) => ({
      code: 'UNHANDLED_REJECTION',
      message: expect.stringContaining(`nothing handles it: ${error}`) as string,
    })),
  )
})

test.each([
  'const later = Promise.reject(new Error("x"))\nawait null\nreturn later.catch(() => 1)',
  'const all = [1, 2].map(async (i) => { throw new Error("x") })\nreturn (await Promise.allSettled(all)).length',
  'const f = async () => { throw new Error("x") }\nf().catch(() => {})\nreturn 1',
  'const f = async () => { throw new Error("x") }\ntry { await f() } catch {}\nreturn 1',
  'const f = async () => 1\nf()\nreturn 1',
  'const [a, b] = [Promise.resolve(1), Promise.resolve(2)]\nreturn 1',
  'const never = new Promise(() => {})\nreturn 1',
  'const f = async () => { throw 1 }\nconst all = [f(), f()]\nreturn (await Promise.allSettled(all)).length',
  'const a = { b: Promise.reject(1) }\nreturn a.b.catch(() => 1)',
  'const all = []\nall.push(Promise.reject(1))\nreturn Promise.any(all).catch(() => 1)',
  'class A { loaded = Promise.reject(1) }\ntry { await new A().loaded } catch {}\nreturn 1',
  'async function main() { throw new Error("x") }\nconst running = main()\nawait sleep(1)\nreturn running.then(null, () => 1)',
])('a promise that is handled, or not rejected, gives no warning: %s', { tags: ['GU-2'] }, async (code) => {
  expect(await suite.codemode.run(code)).toMatchObject({ success: true, warnings: [] })
})

test('the code sees its own callbacks, values and columns', { tags: ['GU-2', 'EX-8'] }, async () => {
  const code = `
    const seen = []
    ;[1].forEach(async function (item, index, array) { seen.push(this.own, item, index, array.length) }, { own: 'this' })
    const made = new Promise((resolve) => resolve(2))
    const map = new Map([[1, 2]]), copy = map.set(3, 4)
    seen.push(made instanceof Promise, copy === map, await made)
    const fail = async () => { await null; throw new Error('here') }
    const error = await fail().catch((thrown) => thrown); const place = error.stack.split('\\n')[1]
    return [...seen, place]`
  expect(await suite.codemode.executeAsync(code)).toEqual(['this', 1, 0, 1, true, true, 2, '    at fail (code:7:50)'])
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

test.each([
  ['new Map([[1, 2]]).forEach(async (value, key) => { throw new Error(`${key}:${value}`) })', '1:2'],
  [
    'new Uint8Array([7]).forEach(async (item, index, array) => { throw new Error([item, index, array.length]) })',
    '7,0,1',
  ],
  ['[5].values().forEach(async (item) => { throw new Error(item) })', '5'],
  [
    '[5].forEach((async function () { throw new Error(this.own) }), { own: "mine" })\nconst f = async () => 1; [1].forEach(f)',
    'mine',
  ],
])('a rejection in a callback of any forEach is a warning: %s', { tags: ['GU-2'] }, async (code, text) => {
  const { success, warnings } = await suite.codemode.run(`${code}\nreturn 1`)
  expect(success).toBe(true)
  expect(warnings).toMatchObject([{ code: 'UNHANDLED_REJECTION', message: expect.stringContaining(text) as string }])
})

test.each([
  ['const f = async () => { throw new Error("one") }\nconst p = f()\nconsole.log(p)\nreturn 1', ['one']],
  ['const f = async () => { throw new Error("two") }\nconsole.log(f())\nreturn 1', ['two']],
  ['const f = async (n) => { throw new Error("f" + n) }\nconsole.error("%o", f(1), f(2))\nreturn 1', ['f1', 'f2']],
  ['const f = async () => { throw new Error("dir") }\nconsole.dir(f(), { depth: 0 })\nreturn 1', ['dir']],
  ['let result = 1\nconst f = async () => { throw new Error("last") }\nconsole.log(f())', ['last']],
  ['console.table(["a"].map(async () => { throw new Error("row") }))\nreturn 1', ['row']],
  ['console.log(tools.fail())\nawait tools.later()\nreturn 1', ['no stock']],
])('a promise that is only logged has no handler: %s', { tags: ['GU-2'] }, async (code, errors) => {
  const { success, warnings } = await suite.codemode.run(code)
  expect(success).toBe(true)
  expect(warnings).toMatchObject(
    errors.map((error) => ({ code: 'UNHANDLED_REJECTION', message: expect.stringContaining(error) as string })),
  )
})

test.each([
  'const f = async () => { throw new Error("x") }\nconst p = f()\nconsole.log(p)\nreturn p.catch(() => 1)',
  'const f = async () => { throw new Error("x") }\nconsole.log(f().catch(() => 1))\nreturn 1',
  'const f = async () => { throw new Error("x") }\nconsole.log(await Promise.allSettled([f()]))\nreturn 1',
  'console.log([1].map((n) => n + 1), Promise.resolve(1))\nreturn 1',
])('a promise that is logged and handled gives no warning: %s', { tags: ['GU-2'] }, async (code) => {
  expect(await suite.codemode.run(code)).toMatchObject({ success: true, result: 1, warnings: [] })
})
