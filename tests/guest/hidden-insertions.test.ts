import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'

const suite = useCodemode({ client: { tools: { echo: (input: unknown) => input } } })

test('an accessor of a promise shows nothing but the constructor', { tags: ['GU-2'] }, async () => {
  const code = `
    const call = tools.echo(1)
    const seen = [call.constructor === Promise, Object.keys(call), call instanceof Promise, String(call)]
    return [...seen, Object.getOwnPropertyNames(call), await call]`
  expect(await suite.codemode.executeAsync(code)).toEqual([true, [], true, '[object Promise]', [], 1])
})

test.each<[string, unknown]>([
  [
    "const seen = []; const a = async () => { seen.push('a') }; const b = () => { seen.push('b') }; [1].forEach((a, b)); return seen",
    ['b'],
  ],
  ['const f = async () => 1; let w\\u0061tch = 1; f(); return watch', 1],
  [
    'const f = async () => 1; class X extends Promise {} const p = f(); Object.setPrototypeOf(p, X.prototype); return p.constructor === X',
    true,
  ],
  [
    'const f = async () => { for (let i = 0; i < 3; i++) await null; while (true) setTimeout(() => {}, 1) }; f(); return 1',
    1,
  ],
])('watching for discarded promises does not change what %j returns', { tags: ['GU-2'] }, async (code, value) => {
  expect(await suite.codemode.run(code)).toMatchObject({ success: true, result: value })
})

test.each<[string, unknown]>([
  ['const own = { forEach: (f) => f }; const f = async (a, b) => a; own.forEach(f) === f', true],
  ['const own = { forEach: (f) => [f.name, f.length] }; const f = async (a, b) => a; own.forEach(f)', ['f', 2]],
  [
    'class Bus { on = []; forEach(f) { this.on.push(f) } }; const bus = new Bus(); const f = async () => 1; bus.forEach(f); bus.on[0] === f',
    true,
  ],
  ['class Promise { constructor(f) { this.f = f } } const f = async () => 1; new Promise(f).f === f', true],
  [
    'globalThis["Pro" + "mise"] = class { constructor(f) { this.f = f } }; const f = async () => 1; new Promise(f).f === f',
    true,
  ],
  [
    'const seen = []; const f = async function () { seen.push(arguments.callee === f) }; [1].forEach(f); new Promise(f); seen',
    [true, true],
  ],
  ['class List extends Array { forEach(f) { return f } }; const f = async () => 1; new List().forEach(f) === f', true],
])(
  'a callback that the code gives to its own function is the same function: %s',
  { tags: ['GU-2'] },
  async (code, value) => {
    expect(await suite.codemode.executeAsync(code)).toEqual(value)
  },
)

test.each<[string, unknown]>([
  [
    'async function f() { g(); const a = g() }\nfunction g() {}\nreturn f.toString()',
    'async function f() { g(); const a = g() }',
  ],
  [
    'const f = async () => { new Promise(async (a) => a) }\nreturn String(f)',
    'async () => { new Promise(async (a) => a) }',
  ],
  ['class A { async run() { this.x() } }\nreturn `${A}`', 'class A { async run() { this.x() } }'],
  ['const o = { async m() { f() } }\nreturn Function.prototype.toString.call(o.m)', 'async m() { f() }'],
  [
    'const f = async () => { f(); [1].forEach(async () => f()) }\nreturn f + ""',
    'async () => { f(); [1].forEach(async () => f()) }',
  ],
  [
    'async () => 1; g(); function g() {}\nreturn [Function.prototype.toString, [].forEach, Array.from, new Map().forEach].map(String)',
    ['toString', 'forEach', 'from', 'forEach'].map((name) => `function ${name}() { [native code] }`),
  ],
  [
    'const f = async () => f(); [1].forEach(f)\nreturn [[].forEach.name, [].forEach.length, "prototype" in [].forEach]',
    ['forEach', 1, false],
  ],
  [
    '(async () => 1)(); try { Function.prototype.toString.call(1) } catch (error) { return error.message }',
    "Function.prototype.toString requires that 'this' be a Function",
  ],
])('the text of a function is as it was sent: %s', { tags: ['GU-2'] }, async (code, value) => {
  expect(await suite.codemode.executeAsync(code)).toEqual(value)
})

test.each<[string, unknown]>([
  ['(async () => 1)()\nreturn arguments.length', 0],
  ['async function f() { g() }\nfunction g() {}\nf()\nreturn [...arguments]', []],
  ['"use strict"; (async () => 1)()\nreturn [arguments.length, this]', [0, null]],
  ['(async () => 1)()\nreturn arguments.callee.length', 0],
  ['(async () => 1)()\nreturn eval("typeof watch")', 'undefined'],
  ['(async () => 1)()\nreturn [typeof anonymous, this === globalThis]', ['undefined', true]],
])('code with promises has no arguments and no names but its own: %s', { tags: ['GU-2'] }, async (code, value) => {
  expect(await suite.codemode.executeAsync(code)).toEqual(value)
})
