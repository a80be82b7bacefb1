import { expect, test } from 'vitest'

import { prepareSource } from './prepare-source.ts'

const block = /braces are a block and not an object/
const nothing = (method: string): RegExp => new RegExp(`passed to ${method} returns nothing`)
const async = (method: string): RegExp => new RegExp(`passed to ${method} is async`)
const assigns = /condition assigns a value/
const lone = /return ends at the end of its line/
const uncalled = /is awaited and not called/

test.each<[string, RegExp, number, number]>([
  ['[1].map((n) => { id: n })', block, 1, 16],
  ['const f = (n) => {\n  id: n, n\n}\nf(1)', block, 1, 18],
  ['[1].map((n) => { a: { b: n } })', block, 1, 16],
  ['const f = async () => { ok: true }\nawait f()', block, 1, 23],
  ['[1].filter((n) => { n > 1 })', nothing('filter'), 1, 21],
  ['[1].some(function (n) {\n  console.log(n)\n})', nothing('some'), 2, 3],
  ['[1].reduce((a, b) => { a + b }, 0)', nothing('reduce'), 1, 24],
  ['[2, 1].toSorted((a, b) => { if (a) { a - b } })', nothing('toSorted'), 1, 29],
  ['[1].map((n) => { n * 2 })', nothing('map'), 1, 18],
  ['Array.from([1], (n) => { [n] })', nothing('from'), 1, 26],
  ['await x.then((u) => { u.name })', nothing('then'), 1, 23],
  ['[1].filter(async (n) => n > 1)', async('filter'), 1, 12],
  ['[1].find(async (n) => {\n  await n\n})', async('find'), 1, 10],
  ['if ([1].some(async function (n) { return n })) {}', async('some'), 1, 14],
  ['[2, 1].sort(async (a, b) => a - b)', async('sort'), 1, 13],
  ['await [1].reduce(async (sum, n) => sum + (await n), 0)', /reduce is async, so sum is a promise/, 1, 18],
  ['if (a = 1) {}', assigns, 1, 5],
  ['const s = {}\nif (s.status = "paid") {} else {}', assigns, 2, 5],
  ['for (;;) if (a = null) break', assigns, 1, 14],
  ['function f() {\n  return\n  { a: 1 }\n}', lone, 2, 3],
  ['function f(a) {\n  if (a) {\n    return\n    a + 1\n  }\n}', lone, 3, 5],
  ['return\n(1 + 2)', lone, 1, 1],
  ['return // why\n[1]', lone, 1, 1],
  ['const u = await tools.get_user\nu.name', uncalled, 1, 17],
  ['const f = async (n) => await tools.github[n]', uncalled, 1, 30],
  ['{ a: await tools.now }', uncalled, 1, 12],
  ['const a: number = await tools?.now', uncalled, 1, 25],
])('%j gives a warning at its place', (code, message, line, column) => {
  expect(prepareSource(code)).toMatchObject({
    ok: true,
    mistakes: [{ message: expect.stringMatching(message) as string, line, column }],
  })
})

test.each([
  '[1].map((n) => ({ id: n }))',
  '[1].map((n) => { return { id: n } })',
  'const f = (xs) => { outer: for (const x of xs) { if (x) break outer } }',
  'const f = () => {}',
  '[1].forEach((n) => { n })',
  '[1].filter((n) => { if (n) return true })',
  '[1].filter((n) => { throw n })',
  '[1].filter((n) => { switch (n) { case 1: return true } })',
  '[1].filter((n) => { try { return n } catch {} })',
  '[1].filter(function* () { yield 1 })',
  'await Promise.all([1].map(async (n) => { await tools.a({ n }) }))',
  '[1].map((n) => { n = 2 })',
  'function f() { return; f() }',
  'function f() {\n  if (a) return\n  f()\n}',
  'switch (1) { case 1: return\n case 2: return 2 }',
  '[1].map(async (n) => n)',
  'await [1].reduce(async (sum, n) => (await sum) + n, 0)',
  'await [1].reduce(async (sum, n) => { const before = await sum; return before + n }, 0)',
  'await [1].reduce(async (sum, n) => { const [a] = await Promise.all([sum, n]); return a }, 0)',
  'await [1].reduce(async (sum, n) => sum.then((a) => a + n), Promise.resolve(0))',
  'let match\nif (match = /a/.exec("a")) {}',
  'if ((a = next())) {}',
  'if (a === 1) {}',
  'await tools.now()',
  'const { now } = tools\nawait now',
  'const tools = { ready: Promise.resolve(1) }\nawait tools.ready',
  'await tools.user-list()',
  'await toolset.ready',
])('%j gives no warning', (code) => {
  expect(prepareSource(code)).not.toHaveProperty('mistakes')
})

test('the number of warnings of one program is limited', () => {
  expect(prepareSource('[1].map((n) => { n })\n'.repeat(30))).toHaveProperty('mistakes.length', 10)
})
