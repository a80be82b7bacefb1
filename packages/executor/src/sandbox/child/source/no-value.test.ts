import { expect, test } from 'vitest'

import { prepareSource } from './prepare-source.ts'
import { outcomeOf } from './value-of.test-support.ts'

test.each<[string, RegExp]>([
  ['', /no statements/],
  ['// nothing', /no statements/],
  ['interface A { b: string }', /no statements/],
  ['const output = 5', /output is set and never used/],
  ['const output = []\nfor (const x of [1]) output.push(x)', /output is set/],
  ['const output = {}\nif (input.n) { output.a = 1 }', /output is set/],
  ['let output\nif (input.n) output = 1', /output is set/],
  ['try { const result = 5 } catch (error) { console.log(error) }', /result is set/],
  ['function f() { const result = 1 }\nf()', /result is set/],
  ['async function main() { return 4 }\nfunction other() {}', /main is declared and never used/],
  ['const a = 4\nconst main = async () => a', /main is declared/],
  ['if (input.n) { 5 } else { 6 }', /statement is an if/],
  ['if (input.n) input.n', /statement is an if/],
  ['try { input.n } catch { null }', /statement is a try/],
  ['switch (1) { case 1: { input.n } break }', /statement is a switch/],
  ['switch (1) { case 1: { input.n; break } }', /statement is a switch/],
  ['a: { input.n; break a }', /statement is a labelled statement/],
  ['export function main(tools) { return 4 }\nconst a = 1', /main is never called/],
  ['const a = 1\n{ let b = 2; a + b }', /statement is a block/],
  ['function main(tools) { return 4 }', /main is never called.*\{ tools, input, context, config \}/],
  ['const run = function* () {}', /run is never called/],
  ['const names = [input].map(String)', /sets names, and nothing reads it/],
  ['const { n } = await Promise.resolve(input)', /sets n, and nothing reads it/],
  ['const text = `${input.n}`\nfunction f() {}', /sets text/],
  ['async function main() { const text = `${input.n}` }', /function main returns nothing, and nothing reads text/],
  ['async function main() { const { a, b } = await input }\nmain()', /main returns nothing, and nothing reads a, b/],
  [
    'const run = async () => { const n = await input.n\n  n }\nawait run()',
    /function returns nothing.*before its last/,
  ],
  ['(async () => { const n = input.n; ({ n }) })()', /returns nothing\. Write return before/],
  ['async ({ input }) => { `${input.n}` }', /returns nothing\. Write return before/],
  ['const a = (x) => x\nasync function run() { return a(1) }', /run is declared and never used.*await run\(\)/],
  ['class A {}\nconst go = async () => 1', /go is declared and never used/],
  ['async function main() { return 1 }\nmain().then(console.log).catch(console.error)', /Leave out \.then/],
  ['Promise.resolve(4).then((n) => console.log(n))', /Leave out \.then/],
  ['await Promise.resolve(4).then((n) => console.log(n)).finally(() => {})', /Leave out \.then/],
])('code without a value, although one was meant, gets a warning: %j', async (code, message) => {
  expect(await outcomeOf(code)).toMatchObject({ value: undefined, warning: expect.stringMatching(message) as string })
})

test.each([
  'const a = 4',
  'console.log(input.n)',
  'const output = 4\nconsole.log(output)',
  'if (input.n) console.log(1)',
  'try { console.log(1) } catch (error) { console.error(error) }',
  'for (const x of [1]) { x * 2 }',
  'return undefined',
  'const f = (output) => 1\nf',
  'async function main() {}\nawait main()',
  'async function main() {}',
  'export default undefined',
  'let output\nexport default output',
  'result = undefined',
  'const a = { main: 1, output: 2, result: 3 }',
  '[1].forEach((result) => {})',
  'const names = [input].map(String)\nconsole.log(names)',
  'const [a, b] = [input, 1]\nif (a) console.log(a)',
  'const ids = input.n\nfor (const id of [ids]) {}',
  'const limits = { most: 5, names: ["a"], text: `t`, least: -1 }',
  'async function main() { const n = await input.n; console.log(n) }\nmain()',
  'async function main() { if (input.n) return 1 }\nmain()',
  'async function main() { for (const x of [1]) { await x } }',
  'async function main() { await Promise.resolve(1) }\nawait main()',
  'const a = () => 1\na',
  'const a = () => 1\na()',
  'Promise.resolve(4).then((n) => n)',
])('code whose author means no value, or gets one, gives no warning: %j', async (code) => {
  expect(await outcomeOf(code)).toMatchObject({ warning: undefined })
})

test('the warning has the place of the mistake in the code as it was sent', () => {
  const code = '```js\nconst a = 1\n  const output = a\n```'
  expect(prepareSource(code)).toMatchObject({ warning: { line: 3, column: 9 } })
  expect(prepareSource('const a = 1;\nif (a) { a }')).toMatchObject({ warning: { line: 2, column: 1 } })
})
