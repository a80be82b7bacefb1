import { expect, test } from 'vitest'

import { limits, SessionGuest, shown } from '../support/session-guest.ts'

const warningsOf = ({ effects }: ReturnType<SessionGuest['step']>) => effects?.end?.warnings ?? effects?.warnings ?? []
const logsOf = ({ effects }: ReturnType<SessionGuest['step']>) => effects?.logs.map(({ text }) => text)

test('call numbers begin anew in each step, and its tools are those of the step', () => {
  using session = new SessionGuest()
  const first = session.step('const kept = tools.a; const { b } = tools; const x = await kept({ n: 1 })', {
    tools: ['a', 'b'],
  })
  expect(first.effects?.calls).toEqual([{ call: 1, tool: 'a', input: '{"n":1}' }])
  session.answer(1, 'one')
  const second = session.step('const y = await tools.a({}); const z = await kept({}); [x, y, z, typeof tools.b]', {
    tools: ['a'],
  })
  expect(second.effects?.calls).toEqual([{ call: 1, tool: 'a', input: '{}' }])
  expect(session.answer(1, 'two').effects?.calls).toMatchObject([{ call: 2, tool: 'a' }])
  expect(session.answer(2, 'three').value).toEqual(['one', 'two', 'three', 'undefined'])
  expect(shown(session.step('await b({})', { tools: ['a'] }))).toBe(
    'TypeError: tools.b is not one of the tools of this step',
  )
})

test('limits count anew in each step', () => {
  using session = new SessionGuest()
  const options = { tools: ['a'], limits: { maxToolCalls: 1, timers: 1, logBytes: 100 } }
  for (let step = 0; step < 2; step++) {
    const { effects } = session.step("tools.a({}); setTimeout(() => {}, 1); console.log('x'.repeat(90)); 1", options)
    expect(effects).toMatchObject({ calls: [{ call: 1 }], logs: [{ text: 'x'.repeat(90) }], end: { ok: true } })
  }
  expect(shown(session.step('tools.a({}); tools.a({})', options))).toMatch(/^TOO_MANY_TOOL_CALLS/)
  expect(session.run('1')).toEqual([1])
})

test('timers, console and randomness begin anew in each step', () => {
  using session = new SessionGuest()
  const code = `
    console.group('group'); console.count(); console.time('t'); console.log('text')
    const log = console.log
    const id = setTimeout(() => {}, 5)
    const random = [Math.random(), crypto.randomUUID()]
    ;[id, random]`
  const first = session.step(code)
  const second = session.step(code)
  expect(logsOf(first)).toEqual(['group', '  default: 1', '  text'])
  expect(logsOf(second)).toEqual(logsOf(first))
  const [[id, random], [otherId, otherRandom]] = [first.value, second.value] as [[number, unknown], [number, unknown]]
  expect([id, otherId]).toEqual([1, 1])
  expect(random).not.toEqual(otherRandom)
  expect(logsOf(session.step("log('kept')"))).toEqual(['kept'])
})

test('each step has its input, and the session its context and its clock', () => {
  using session = new SessionGuest()
  const code = '[input, context.user, performance.now()]'
  expect(session.step(code, { input: 1 }).value).toEqual([1, 'u', 0])
  expect(session.step(code, { input: { a: 2 } }).value).toEqual([{ a: 2 }, 'u', 1])
  expect(session.run('context.user = 1; input = 5; input', 'input', 'const context = 2; context')).toEqual([5, null, 2])
})

test('stacks name the step of each line, at the columns that its author wrote', () => {
  using session = new SessionGuest()
  session.run('const pad = 1, fail = () => {\n  throw new Error("no") }; function outer() { return fail() }')
  const { stack } = session.step('let a = 1, b = 2; const   c = 3\nvar d = 4; let e = outer(a, b)')
  expect(stack?.split('\n').slice(1)).toEqual([
    '    at fail (step-1:2:9)',
    '    at outer (step-1:2:54)',
    '    at step-2:2:20',
  ])
  expect(session.step('let ok = 1\nlet const = 2').stack).toContain('step-3:2:5')
  expect(shown(session.step('let ok = 1\nlet const = 2'))).toContain('line 2, column 5')
})

test('a step that ends drops its calls and timers, names them, and rejects their promises in the next step', () => {
  using session = new SessionGuest()
  const first = session.step('const call = tools.a({}), rest = sleep(50); setTimeout(() => { n = 2 }, 1); let n = 1', {
    tools: ['a'],
  })
  expect(first.effects).toMatchObject({ end: { ok: true }, nextTimerAt: null })
  expect(warningsOf(first).map(({ code }) => code)).toEqual(['CALL_NOT_AWAITED', 'TIMER_DROPPED'])
  const code = `
    const codes = []
    for (const each of [call, rest]) try { await each } catch (error) { codes.push(error.code) }
    codes`
  const second = session.step(code)
  expect(second.value).toEqual(['STEP_ENDED', 'STEP_ENDED'])
  expect(warningsOf(second)).toEqual([])
  expect(session.run('await sleep(0); n', '1')).toEqual([undefined, 1])
})

test('a rejection of what was dropped needs no handler', () => {
  using session = new SessionGuest()
  session.step('const kept = tools.a({}).then((x) => x); const all = Promise.all([kept, sleep(9)])', { tools: ['a'] })
  const { value, effects } = session.step('1')
  expect([value, effects?.end?.warnings, effects?.warnings]).toEqual([1, undefined, undefined])
})

test('a step that the host ends keeps what it has set, and its code does not go on', () => {
  using session = new SessionGuest()
  const code = 'let n = 1; const done = []; try { await tools.a({}) } catch (error) { done.push(error.code) } n = 2; 5'
  expect(session.step(code, { tools: ['a'] }).effects?.end).toBeUndefined()
  const ended = session.end()
  expect(ended.effects).toMatchObject({ warnings: [{ code: 'CALL_NOT_AWAITED', call: 1 }], nextTimerAt: null })
  expect(ended.variables).toEqual([
    { name: 'n', kind: 'let' },
    { name: 'done', kind: 'const' },
  ])
  // The code of the step goes on with the rejection, but its end is not that of another step.
  expect(session.step('const seen = n; await null; await null; [seen, n, done]').value).toEqual([1, 2, ['STEP_ENDED']])
})

test('the rest of a step that the host has ended can not fail a later step', () => {
  using session = new SessionGuest()
  session.step('await tools.a({})', { tools: ['a'] })
  session.end()
  expect(session.run('await null; await null; await null; 1', '2')).toEqual([1, 2])
})

test('a step that the host ends before its variables have values leaves their names free', () => {
  using session = new SessionGuest()
  session.step('const x = await tools.a({})', { tools: ['a'] })
  expect(session.end().variables).toEqual([])
  expect(session.run('typeof x', 'const x = 1; x')).toEqual(['undefined', 1])
})

test('the variables are those that exist, with the kinds of their last declarations', () => {
  using session = new SessionGuest()
  session.step('let a = 1; const b = 2; var c; class D {} function e() {} undeclared = 1')
  const { variables } = session.step('const a = 3; delete globalThis.c; let failed = missing')
  expect(variables).toEqual([
    { name: 'a', kind: 'const' },
    { name: 'b', kind: 'const' },
    { name: 'D', kind: 'class' },
    { name: 'e', kind: 'function' },
  ])
  expect(session.step('let b = ').variables).toEqual(variables)
})

test('a step that freezes the global object ends the session, and a fixed property its name', () => {
  using session = new SessionGuest()
  session.run("Object.defineProperty(globalThis, 'fixed', { value: 1 })")
  expect(shown(session.step('let first = 1, fixed = 2'))).toMatch(/^SESSION_FROZEN: fixed can't be declared/)
  expect(session.step('let other = 2').variables).toEqual([{ name: 'other', kind: 'let' }])
  session.run('Object.freeze(globalThis)')
  expect(session.run('1', 'let x')).toEqual(Array(2).fill(expect.stringMatching(/^SESSION_FROZEN: Step 4 has frozen/)))
})

test('variables that are named like the globals of the sandbox end with their step', () => {
  using session = new SessionGuest()
  const step = session.step(
    'const { tools, own } = { tools: 1, own: 2 }\nlet console = 3, input = 4;[tools, own, console, input]',
  )
  expect(step.value).toEqual([1, 2, 3, 4])
  expect(warningsOf(step)).toMatchObject([
    { code: 'LIKELY_MISTAKE', line: 1, column: 1 },
    { code: 'LIKELY_MISTAKE', line: 2, column: 1 },
    { code: 'LIKELY_MISTAKE', line: 2, column: 1 },
  ])
  expect(session.run('[typeof tools, own, typeof console.log, input]')).toEqual([['object', 2, 'function', null]])
})

test.each([
  ['an expression counts before result', ['result = 1; 2', 'result'], [2, 1]],
  [
    'result is the value if there is no expression',
    ['for (const n of [1, 2]) result = n', 'let total; result = 5'],
    [2, 5],
  ],
  ['a value of an earlier step does not count', ['result = 1', 'if (false) result = 2'], [1, null]],
  ['a step may go on with the result of an earlier step', ['result = [1]', 'result = [...result, 2]'], [[1], [1, 2]]],
  ['a declared result is a variable', ['let result = 1', 'for (const n of [1, 2]) result = n', 'result'], [1, null, 2]],
  ['a result of strict code', ["'use strict'; result = 1; if (0) result = 2", 'result'], [1, 1]],
  ['globalThis.result', ['globalThis.result = 1; if (0);', 'if (0) globalThis.result = 2'], [1, null]],
])('%s', (_name, steps, outcomes) => {
  using session = new SessionGuest()
  expect(session.run(...steps)).toEqual(outcomes)
})

test.each([
  ['a Markdown fence', '```ts\nconst a: number = 1\na\n```', 1],
  ['a hashbang', '#!/usr/bin/env node\n2', 2],
  ['a default export', 'export default async ({ input }) => [input, 3]', [null, 3]],
  ['an exported function that is the default', 'export default function main() { return 4 }', 4],
  ['exports', 'export const a = 1, b = 2; export class C {}\nexport { a as d }; [a, b, typeof C]', [1, 2, 'function']],
  ['a function without a name', 'async () => 5', 5],
  ['types', 'interface A { b: string }\ntype C = A\nlet d: A = { b: "6" }\ndeclare let e: C\nd.b as string', '6'],
  ['an enum', 'enum A { B }', expect.stringMatching(/^SYNTAX_ERROR.*enum is not supported/)],
  ['a parameter property', 'class A { constructor(private b: string) {} }', expect.stringMatching(/^SYNTAX_ERROR/)],
  ['an import', 'import a from "b"', expect.stringMatching(/^SYNTAX_ERROR: modules are not available/)],
  ['what only V8 refuses', `function f(${'a,'.repeat(66_000)}a) {} let x = 1`, expect.stringMatching(/^SYNTAX_ERROR/)],
])('a step may be, or have, %s', (_name, code, outcome) => {
  using session = new SessionGuest()
  expect(session.run(code, 'typeof x')).toEqual([outcome, 'undefined'])
})

test('a step that only declares has no warning of a missing value, and one that ends in an if has', () => {
  using session = new SessionGuest()
  for (const code of [
    'const n = input',
    'function f() {}',
    'const main = async () => 1',
    'class A {}',
    'let output = [1].map(String)',
  ])
    expect(warningsOf(session.step(code))).toEqual([])
  expect(warningsOf(session.step('let a = 1; if (a) { a }'))).toMatchObject([{ code: 'NO_VALUE', line: 1, column: 12 }])
  expect(warningsOf(session.step('let k = 1; [1].map((n) => { id: n })'))).toMatchObject([
    { code: 'LIKELY_MISTAKE', line: 1, column: 27 },
  ])
  expect(warningsOf(session.step('const t = 1; Promise.reject(new Error("x")); t'))).toMatchObject([
    { code: 'UNHANDLED_REJECTION', line: 1 },
  ])
})

test('a rejection that a later step leaves without a handler is that of its step', () => {
  using session = new SessionGuest()
  session.run('let fail; const p = new Promise((_, reject) => { fail = reject })')
  const second = session.step('fail(new Error("late")); await null; 1')
  expect(second.value).toBe(1)
})

test('a session has 1,000 variables and 300 steps', () => {
  using session = new SessionGuest()
  const names = Array.from({ length: 1_000 }, (_, n) => `v${n}`)
  expect(session.step(`let ${names.map((name, n) => `${name} = ${n}`).join()}; v999`).value).toBe(999)
  for (let n = 0; n < 300; n++) session.step(`const c${n % 7} = ${n}; v${n} += c${n % 7}`)
  expect(session.step('[v299, c6]').value).toEqual([598, 299 - (299 % 7) - 1])
})

test('memory that runs out within a turn ends the guest, also where the code could catch it', () => {
  using session = new SessionGuest()
  expect(session.step('try { new ArrayBuffer(2 ** 40) } catch {} 1').type).toBe('stopped')
  expect(limits.memoryLimitMb).toBeGreaterThan(0)
})
